// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/call_fixture.hpp"
#include "integration/gate.hpp"

#include <glovebox/glovebox.hpp>

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace jail_test {

using asio::use_future;
using glovebox::context;
using glovebox::context_options;
using glovebox::jail_options;
using glovebox::start_method;
using glovebox::test::get;
using glovebox::test::shared_io;

// Nobody's, most likely.
inline constexpr uid_t jailed_uid = 54321;
inline constexpr gid_t jailed_gid = 54322;

inline boost::test_tools::assertion_result as_root(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result(::geteuid() == 0);
  result.message() << "a jail needs root";
  return result;
}

inline boost::test_tools::assertion_result threads_are_counted(boost::unit_test::test_unit_id id) {
#ifdef __SANITIZE_THREAD__
  boost::test_tools::assertion_result result(false);
  result.message() << "ThreadSanitizer has threads of its own";
  return result;
#else
  return as_root(id);
#endif
}

inline std::string built(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "security" / name)
      .string();
}

/// A directory that is fit to be a root, with a file `inside`, and its surroundings.
class place {
 public:
  place() {
    std::filesystem::create_directory(root());
    if (::chmod(root().c_str(), 0755) != 0)
      throw std::system_error(errno, std::generic_category(), "chmod");
    std::ofstream(root() + "/inside") << "inside\n";
  }

  std::string root() const { return surroundings_.file("jail"); }
  /// A file beside the jail.
  std::string outside(const std::string& name) const { return surroundings_.file(name); }
  jail_options options() const { return {root(), jailed_uid, jailed_gid}; }
  jail_options options(std::vector<std::string> modules) const {
    jail_options with = options();
    with.modules = std::move(modules);
    return with;
  }

  std::vector<std::string> content() const {
    std::vector<std::string> names;
    for (const auto& each : std::filesystem::directory_iterator(root()))
      names.push_back(each.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  glovebox::test::temporary_directory surroundings_;
};

struct jail_fixture {
  place here;
  context ctx{shared_io()};

  void enter(const jail_options& options) const { get(ctx.jail(options, use_future)); }
  /// Why a jail was refused.
  template <class E = std::runtime_error>
  std::string refusal(const jail_options& options) const {
    try {
      enter(options);
    } catch (const E& error) {
      return error.what();
    }
    BOOST_ERROR("jailed");
    return {};
  }
};

// ---- in the child

struct whom {
  std::vector<unsigned> uids, gids;
  int groups = -1;
  bool operator==(const whom&) const = default;
};
BOOST_DESCRIBE_STRUCT(whom, (), (uids, gids, groups))

inline whom who_am_i() {
  uid_t uid[3];
  gid_t gid[3];
  if (::getresuid(&uid[0], &uid[1], &uid[2]) != 0 || ::getresgid(&gid[0], &gid[1], &gid[2]) != 0)
    throw std::system_error(errno, std::generic_category());
  return {{uid, uid + 3}, {gid, gid + 3}, ::getgroups(0, nullptr)};
}
inline const whom jailed_one{
    {jailed_uid, jailed_uid, jailed_uid}, {jailed_gid, jailed_gid, jailed_gid}, 0};

inline std::vector<std::string> list(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(directory))
    names.push_back(each.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value ? value : "";
}

/// Whether a child is as if nobody had tried to jail it.
inline bool unharmed(const context& ctx) {
  return get(ctx.call<&who_am_i>(use_future)) == who_am_i() &&
         get(ctx.call<&list>("/", use_future)) == list("/");
}

}  // namespace jail_test
