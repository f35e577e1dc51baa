// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace glovebox::runtime {

/// What the parent asks for; see jail_options.
struct jail_plan {
  std::string root;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::string> preload;
  std::vector<std::string> modules;
  /// Name of a directory in `root` that the parent has made for the modules, and will remove.
  std::string stage;
  std::int32_t stage_error = 0;  ///< why it could not make it, `errno`; 0: it has
};
BOOST_DESCRIBE_STRUCT(jail_plan, (), (root, uid, gid, preload, modules, stage, stage_error))

/// In a child: puts it into a jail for the rest of its life, then loads the modules there. What can
/// fail is done before anything is given up, and leaves the child as it was; when one of the
/// modules cannot be loaded, the child is in its jail already. \throws policy::jail_error,
/// module_error, std::runtime_error
void enter_jail(const jail_plan& plan);

}  // namespace glovebox::runtime
