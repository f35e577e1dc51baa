// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/life.hpp"
#include "integration/plugin.hpp"
#include "security/jail_fixture.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <csignal>

BOOST_AUTO_TEST_SUITE(jail_modules_test)

using namespace jail_test;
using names = std::vector<std::string>;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string seen_by(const context& ctx, const std::string& name) {
  return get(ctx.call<&variable>("GLOVEBOX_TEST_SEEN_BY_" + name, use_future));
}

/// Paths of what is loaded where it runs and was staged.
names staged_here() {
  names found;
  ::dl_iterate_phdr(
      [](dl_phdr_info* module, std::size_t, void* to) {
        const std::string name = module->dlpi_name;
        if (name.starts_with("/.glovebox-")) static_cast<names*>(to)->push_back(name);
        return 0;
      },
      &found);
  return found;
}

/// Calls a function of a staged library.
int call_of(const std::string& library, const std::string& function) {
  for (const std::string& each : staged_here())
    if (each.ends_with('/' + library)) {
      void* const module = ::dlopen(each.c_str(), RTLD_NOW | RTLD_NOLOAD);
      void* const found = module ? ::dlsym(module, function.c_str()) : nullptr;
      return found ? reinterpret_cast<int (*)()>(found)() : -2;
    }
  return -1;
}

struct modules_fixture : jail_fixture {
  modules_fixture() {
    context_options how;
    how.environment = {"GLOVEBOX_TEST_MARK=" + mark};
    ctx = context(shared_io(), how);
  }
  ~modules_fixture() {
    // However it went: nothing ran outside, and nothing is left.
    BOOST_TEST(!std::filesystem::exists(mark));
    BOOST_TEST((here.content() == names{"inside"}));
    BOOST_TEST(variable("GLOVEBOX_TEST_SEEN_BY_module") == "");
  }

  /// What a module sees of the world at its load, if all is well.
  std::string expected_sight() const {
    struct stat status;
    if (::stat(here.root().c_str(), &status) != 0) throw std::runtime_error("stat");
    const std::string place = std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino);
    const std::string uid = std::to_string(jailed_uid);
    return "uid " + uid + ' ' + uid + " gid " + std::to_string(jailed_gid) + " root " + place +
           " above " + place + " here " + place + " groups 0 setuid -1";
  }
  bool in_jail() const { return get(ctx.call<&who_am_i>(use_future)) == jailed_one; }

  std::string mark = here.outside("mark");
};

BOOST_FIXTURE_TEST_SUITE(row_24_jailed_modules, modules_fixture,
                         *boost::unit_test::precondition(as_root))

BOOST_AUTO_TEST_CASE(row_24_static_initialisers_run_inside) {
  for (const auto method : {start_method::forkserver, start_method::spawn}) {
    context_options how;
    how.method = method;
    how.environment = {"GLOVEBOX_TEST_MARK=" + mark};
    ctx = context(shared_io(), how);
    enter(here.options({built("untrusted.so")}));
    BOOST_TEST(seen_by(ctx, "module") == expected_sight());
    BOOST_TEST((get(ctx.call<&list>("/", use_future)) == names{"inside"}));
    BOOST_TEST(get(ctx.call<&call_of>("untrusted.so", "glovebox_test_answer", use_future)) == 42);
  }
}

BOOST_AUTO_TEST_CASE(row_24_relative_paths_are_the_parents) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(std::filesystem::path(built("x")).parent_path());
  context_options how;
  how.directory = "/usr";
  ctx = context(shared_io(), how);
  enter(here.options({"untrusted.so"}));
  std::filesystem::current_path(before);
  BOOST_TEST(seen_by(ctx, "module") == expected_sight());
}

BOOST_AUTO_TEST_CASE(row_24_own_functions_of_a_staged_module) {
  // The parent trusts it, and has it loaded; it is found by what it is, not by its path.
  const std::string path = (std::filesystem::read_symlink("/proc/self/exe").parent_path() /
                            "integration" / "plugin_first.so")
                               .string();
  void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  BOOST_REQUIRE(module != nullptr);
  const auto& plugin =
      *static_cast<const glovebox::test::plugin*>(::dlsym(module, "glovebox_test_plugin"));
  enter(here.options({path}));
  BOOST_TEST(plugin.lambda(ctx) == "first's lambda");
  BOOST_TEST(plugin.object(ctx) == "first's object");
  BOOST_TEST(in_jail());
  // What was not staged is not found, and it is said what to do.
  const context other(shared_io());
  get(other.jail(here.options(), use_future));
  BOOST_CHECK_EXCEPTION(plugin.lambda(other), glovebox::remote_exception,
                        [&](const glovebox::remote_exception& error) {
                          return holds(error.message(), path) && holds(error.message(), "ctx.jail");
                        });
  BOOST_TEST(get(other.call<&life::echo>(1, use_future)) == 1);
}

BOOST_AUTO_TEST_CASE(row_24_jailed_by_hand) {
  // As the original's users did it: the child answers, and what it has already is still there.
  BOOST_TEST(get(ctx.call<&::chroot>(here.root(), use_future)) == 0);
  BOOST_TEST(get(ctx.call<&::chdir>("/", use_future)) == 0);
  BOOST_TEST((get(ctx.call<&list>("/", use_future)) == names{"inside"}));
  const std::string path = (std::filesystem::read_symlink("/proc/self/exe").parent_path() /
                            "integration" / "plugin_second.so")
                               .string();
  void* const module = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  BOOST_REQUIRE(module != nullptr);
  const auto& plugin =
      *static_cast<const glovebox::test::plugin*>(::dlsym(module, "glovebox_test_plugin"));
  BOOST_CHECK_EXCEPTION(plugin.lambda(ctx), glovebox::remote_exception,
                        [&](const glovebox::remote_exception& error) {
                          return holds(error.message(), path) &&
                                 holds(error.message(), "No such file or directory") &&
                                 holds(error.message(), "ctx.jail");
                        });
  BOOST_TEST(get(ctx.call<&life::echo>(7, use_future)) == 7);
  // A jail's own checks are about what is there now.
  BOOST_TEST(holds(refusal(here.options()), here.root()));
  // What is inside can be loaded from there.
  const std::string copy = here.root() + "/plugin_second.so";
  std::filesystem::copy_file(path, copy);
  const auto load = [](const std::string& inside) {
    return ::dlopen(inside.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr;
  };
  BOOST_TEST(get(ctx.call(load, "/plugin_second.so", use_future)));
  BOOST_TEST(plugin.object(ctx) == "second's object");
  std::filesystem::remove(copy);
}

// ---- what modules need

BOOST_AUTO_TEST_CASE(row_24_system_libraries_come_along) {
  const auto has = [](const std::string& name) {
    return ::dlopen(name.c_str(), RTLD_NOW | RTLD_NOLOAD) != nullptr;
  };
  BOOST_REQUIRE(!get(ctx.call(has, "libresolv.so.2", use_future)));
  enter(here.options({built("untrusted_with_library.so")}));
  const names staged = get(ctx.call<&staged_here>(use_future));
  BOOST_TEST(staged.size() == 2u);
  BOOST_TEST(staged.front().ends_with("/libresolv.so.2"));
  BOOST_TEST(seen_by(ctx, "module") == expected_sight());
}

BOOST_AUTO_TEST_CASE(row_24_other_libraries_are_listed) {
  const std::string part = built("libuntrusted_part.so"), whole = built("untrusted_with_part.so");
  const std::string text = refusal(here.options({whole}));
  BOOST_TEST(holds(text, whole));
  BOOST_TEST(holds(text, "libuntrusted_part.so"));
  BOOST_TEST(holds(text, "jail_options.modules"));
  BOOST_TEST(unharmed(ctx));
  enter(here.options({part, whole}));
  // None of them is trusted more than the other.
  BOOST_TEST(seen_by(ctx, "part") == expected_sight());
  BOOST_TEST(seen_by(ctx, "module") == expected_sight());
  BOOST_TEST(
      get(ctx.call<&call_of>("untrusted_with_part.so", "glovebox_test_answer", use_future)) == 43);
}

BOOST_AUTO_TEST_CASE(row_24_preloaded_libraries_are_trusted) {
  ctx = context(shared_io());  // it would leave its mark
  jail_options options = here.options({built("untrusted_with_part.so")});
  options.preload = {built("libuntrusted_part.so")};
  enter(options);
  BOOST_TEST(holds(seen_by(ctx, "part"), "uid 0 0 gid 0"));
  BOOST_TEST(seen_by(ctx, "module") == expected_sight());
  // By a name, as the dynamic linker finds it.
  ctx = context(shared_io());
  options = here.options({built("untrusted_with_library.so")});
  options.preload = {"libresolv.so.2"};
  enter(options);
  BOOST_TEST(get(ctx.call<&staged_here>(use_future)).size() == 1u);
}

// ---- modules that fail

BOOST_AUTO_TEST_CASE(row_24_refused_before_anything_is_given_up) {
  const std::string untrusted = built("untrusted.so");
  const std::string missing = here.outside("missing.so");
  BOOST_TEST(refusal(here.options({missing})) ==
             "there is no module " + missing + ": No such file or directory");
  BOOST_TEST(holds(refusal(here.options({untrusted, here.root()})), "a directory"));
  const std::string fifo = here.outside("fifo");
  BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  BOOST_TEST(holds(refusal(here.options({fifo})), "no regular file"));
  BOOST_TEST(holds(refusal(here.options({here.root() + "/inside"})), "no ELF file"));
  const std::string other = built("untrusted_of_other_abi.so");
  const std::string text = refusal(here.options({untrusted, other}));
  BOOST_TEST(holds(text, other));
  BOOST_TEST(holds(text, "'glovebox 0, another world'"));
  const std::string twin = here.outside("untrusted.so");
  std::filesystem::copy_file(untrusted, twin);
  BOOST_TEST(holds(refusal(here.options({untrusted, twin})), "the same name"));
  jail_options options = here.options();
  options.preload = {"libthere_is_no_such_library.so"};
  BOOST_TEST(holds(refusal(options), "libthere_is_no_such_library.so"));
  options.preload = {fifo};
  BOOST_TEST(holds(refusal(options), "no regular file"));
  BOOST_TEST(unharmed(ctx));
  BOOST_TEST(seen_by(ctx, "module") == "");
}

BOOST_AUTO_TEST_CASE(row_24_a_module_that_cannot_be_loaded) {
  const std::string path = built("untrusted_that_lacks.so");
  const std::string text = refusal(here.options({path}));
  BOOST_TEST(holds(text, path));
  BOOST_TEST(holds(text, "glovebox_test_function_that_is_nowhere"));
  BOOST_TEST(in_jail());
}

BOOST_AUTO_TEST_CASE(row_24_a_module_that_throws) {
  const std::string path = built("untrusted_that_throws.so");
  const std::string text = refusal(here.options({path}));
  BOOST_TEST(holds(text, path));
  BOOST_TEST(holds(text, "no licence found"));
  BOOST_TEST(in_jail());
  BOOST_TEST(seen_by(ctx, "module") == expected_sight());
}

BOOST_AUTO_TEST_CASE(row_24_a_module_that_crashes) {
  BOOST_CHECK_EXCEPTION(enter(here.options({built("untrusted_that_crashes.so")})),
                        glovebox::process_terminated,
                        [](const glovebox::process_terminated& error) {
                          return error.info().signal_number == SIGABRT;
                        });
}

BOOST_AUTO_TEST_CASE(row_24_a_module_that_hangs) {
  const auto impatient = ctx.with({.timeout = life::soon});
  BOOST_CHECK_THROW(
      get(impatient.jail(here.options({built("untrusted_that_hangs.so")}), use_future)),
      glovebox::call_timeout);
}

BOOST_AUTO_TEST_CASE(row_24_abandoned) {
  // The child is held before the call, so the directory is gone when its turn comes.
  const glovebox::test::gate gate;
  const auto held = ctx.call<&life::pass_gate>(gate.path(), 1, use_future);
  gate.wait_for_one();
  asio::cancellation_signal signal;
  std::promise<std::exception_ptr> end;
  ctx.jail(here.options({built("untrusted.so")}),
           asio::bind_cancellation_slot(signal.slot(),
                                        [&](std::exception_ptr error) { end.set_value(error); }));
  BOOST_TEST(here.content().size() == 2u);
  asio::post(shared_io(), [&] { signal.emit(asio::cancellation_type::terminal); });
  BOOST_TEST((get(end.get_future()) != nullptr));
  BOOST_TEST((here.content() == names{"inside"}));
  gate.open();
}

BOOST_AUTO_TEST_CASE(row_24_a_library_that_leaves_threads_behind,
                     *boost::unit_test::precondition(threads_are_counted)) {
  // As a module it may: it has no privileges that a thread could keep.
  enter(here.options({built("untrusted_with_threads.so")}));
  BOOST_TEST(in_jail());
  ctx = context(shared_io());
  jail_options options = here.options();
  options.preload = {built("untrusted_with_threads.so")};
  BOOST_TEST(holds(refusal(options), "one thread, and this one has 2"));
  BOOST_TEST(unharmed(ctx));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
