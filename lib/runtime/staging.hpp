// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace glovebox::runtime {

class elf_file;

/// Copies shared objects into a directory that will still be there when the root directory has
/// changed, so that they can be loaded then. Nothing of them runs, and what stands in them is not
/// believed: a library that one needs is copied too when this process has not loaded it, but only
/// if it is one of the system's. No module chooses what is read or loaded outside.
class staging {
 public:
  struct staged {
    std::string path;    ///< under the new root directory
    std::string called;  ///< what messages call it: where it came from
  };

  /// \param root the directory that will be the root
  /// \param name of a directory in it, which root owns. \throws std::runtime_error
  staging(int root, std::string name);

  /// \throws std::runtime_error; module_error when the file is no shared object, or a module that
  ///         was built against another ABI
  void add(const std::string& path);

  /// All of them; each stands after those it needs.
  const std::vector<staged>& files() const noexcept { return files_; }

 private:
  struct copied {
    std::string name;
    std::string from;
  };

  void add(const std::string& path, const std::string& name, const std::string& wanted_by);
  void add_needed(const elf_file& file);
  transport::unique_fd copy(const elf_file& from, const std::string& name);

  std::string name_;
  transport::unique_fd directory_;
  std::uint64_t bytes_ = 0;
  std::vector<copied> copied_;
  std::vector<staged> files_;
};

}  // namespace glovebox::runtime
