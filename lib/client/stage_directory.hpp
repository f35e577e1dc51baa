// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "transport/unique_fd.hpp"

#include <string>

namespace glovebox::client {

/// A directory that a child copies modules into while it is being jailed. The parent makes and
/// removes it: a jailed child no longer could, and a child that died will not.
///
/// The jailed user can change neither the directory nor its name, so what is removed is what was
/// put there. A child that is late finds no directory, and makes none.
class stage_directory {
 public:
  /// Makes one in `root`, with a name that nobody can guess. Check `error()`.
  explicit stage_directory(const std::string& root);
  stage_directory(const stage_directory&) = delete;
  stage_directory& operator=(const stage_directory&) = delete;
  /// Removes it with everything in it.
  ~stage_directory();

  const std::string& name() const noexcept { return name_; }
  /// Why it could not be made, as `errno`; 0: it was.
  int error() const noexcept { return error_; }

 private:
  void remove_files() const noexcept;

  transport::unique_fd root_;
  std::string name_;
  int error_ = 0;
};

}  // namespace glovebox::client
