// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/gate.hpp"
#include "integration/plugin.hpp"

#include <dlfcn.h>
#include <link.h>
#include <filesystem>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(plugins_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

std::filesystem::path built(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "integration" / name;
}

/// Loads it into this process. It stays loaded, as its nodes' users may.
const plugin& loaded(const std::filesystem::path& path) {
  void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module) throw std::runtime_error(::dlerror());
  const void* const found = ::dlsym(module, "glovebox_test_plugin");
  if (!found) throw std::runtime_error(::dlerror());
  return *static_cast<const plugin*>(found);
}

/// The plug-ins that are loaded where it runs.
std::vector<std::string> plugins_here() {
  std::vector<std::string> names;
  ::dl_iterate_phdr(
      [](dl_phdr_info* module, std::size_t, void* to) {
        const std::string name = std::filesystem::path(module->dlpi_name).filename();
        if (name.starts_with("plugin")) static_cast<std::vector<std::string>*>(to)->push_back(name);
        return 0;
      },
      &names);
  return names;
}

struct two_plugins : one_child {
  const plugin& first = loaded(built("plugin_first.so"));
  const plugin& second = loaded(built("plugin_second.so"));

  std::vector<std::string> in_child(const context& of) const {
    return get(of.call<&plugins_here>(use_future));
  }
};
using names = std::vector<std::string>;

BOOST_FIXTURE_TEST_SUITE(row_22_plugins, two_plugins)

BOOST_AUTO_TEST_CASE(row_22_loaded_by_the_parent_only) {
  BOOST_TEST(plugins_here().size() == 2u);
  BOOST_TEST(in_child(ctx).empty());
  BOOST_TEST(first.lambda(ctx) == "first's lambda");
  BOOST_TEST((in_child(ctx) == names{"plugin_first.so"}));
  BOOST_TEST(second.lambda(ctx) == "second's lambda");
  BOOST_TEST((in_child(ctx) == names{"plugin_first.so", "plugin_second.so"}));
  BOOST_TEST(first.object(ctx) == "first's object");
  BOOST_TEST(second.object(ctx) == "second's object");
  BOOST_TEST(first.lambda(ctx) == "first's lambda");
}

BOOST_AUTO_TEST_CASE(row_22_an_inline_function_of_two_modules) {
  // Each child has only one of them, and both run their own copy.
  BOOST_TEST(second.shared(ctx) == "shared 2");
  BOOST_TEST((in_child(ctx) == names{"plugin_second.so"}));
  const context other(shared_io());
  BOOST_TEST(first.shared(other) == "shared 1");
  BOOST_TEST((in_child(other) == names{"plugin_first.so"}));
  BOOST_TEST(first.shared(ctx) == "shared 1");
  BOOST_TEST(second.shared(other) == "shared 2");
  BOOST_TEST(get(ctx.call<&shared_by_plugins>(3, use_future)) == "shared 3");
}

BOOST_AUTO_TEST_CASE(row_22_the_same_under_spawn) {
  context_options options;
  options.method = start_method::spawn;
  const context fresh(shared_io(), options);
  BOOST_TEST(second.lambda(fresh) == "second's lambda");
  BOOST_TEST(first.lambda(fresh) == "first's lambda");
  BOOST_TEST(first.object(fresh) == "first's object");
}

BOOST_AUTO_TEST_CASE(row_22_another_build_is_never_loaded) {
  const temporary_directory place;
  const std::string path = place.file("plugin_copy.so");
  std::filesystem::copy_file(built("plugin_changed.so"), path);
  const plugin& changed = loaded(path);
  const context before(shared_io());
  BOOST_TEST(changed.lambda(before) == "changed's lambda");

  // The file is replaced, as an update does it; the parent still runs the old one.
  const std::string update = place.file("update");
  std::filesystem::copy_file(built("plugin_first.so"), update);
  std::filesystem::rename(update, path);
  BOOST_CHECK_EXCEPTION(changed.lambda(ctx), remote_exception, [&](const remote_exception& error) {
    return error.message().find(path) != std::string::npos &&
           error.message().find("another build") != std::string::npos;
  });
  BOOST_TEST(in_child(ctx).empty());
  // Where it is loaded already, it goes on.
  BOOST_TEST(changed.object(before) == "changed's object");

  std::filesystem::remove(path);
  const context later(shared_io());
  BOOST_CHECK_EXCEPTION(changed.lambda(later), remote_exception,
                        [&](const remote_exception& error) {
                          return error.message().find(path) != std::string::npos;
                        });
  BOOST_TEST(get(later.call([] { return 42; }, use_future)) == 42);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
