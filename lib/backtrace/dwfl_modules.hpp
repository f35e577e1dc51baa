// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "backtrace/capture.hpp"
#include "backtrace/maps.hpp"

#include <elfutils/libdwfl.h>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace glovebox::backtrace {

/// What libdw knows of the files a process has loaded. They are opened when they are needed.
class dwfl_modules {
 public:
  /// \param mappings must outlive it \throws std::runtime_error
  explicit dwfl_modules(const std::vector<mapping>& mappings);
  ~dwfl_modules();
  dwfl_modules(const dwfl_modules&) = delete;
  dwfl_modules& operator=(const dwfl_modules&) = delete;

  /// What a DIE covers, of the addresses in its file.
  struct die_range {
    Dwarf_Addr from, to;
    Dwarf_Off die;
  };
  struct module {
    loaded_file loaded;
    std::string path;
    std::string refusal;  ///< why the file was not opened
    // For debug information without an index.
    bool units_listed = false;
    std::vector<die_range> units;
    std::map<Dwarf_Off, std::vector<die_range>> functions;  ///< of units that were looked at
  };

  Dwfl* get() const noexcept { return dwfl_; }
  /// The one at an address, null where no file is; and what we know of it.
  Dwfl_Module* find(std::uint64_t address, module*& known) const;
  /// Of this machine's programs; to tell libdw what the registers are.
  Elf* machine() const noexcept { return machine_; }

 private:
  void report(const loaded_file& loaded);

  Dwfl* dwfl_ = nullptr;
  Elf* machine_ = nullptr;
  std::deque<module> modules_;
};

}  // namespace glovebox::backtrace
