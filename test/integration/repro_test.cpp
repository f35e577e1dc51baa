// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A farm of planted failures leaves bundles, which the command `glovebox` runs again.
#undef NDEBUG  // an assertion is one of them
#include "integration/helper_programs.hpp"
#include "support/time_scale.hpp"

#include <glovebox/farm.hpp>

#include <asio/io_context.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cassert>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace std::literals;
using glovebox::outcome;

namespace {

constexpr std::uint64_t mebibyte = 1 << 20;
constexpr bool can_limit_memory = !glovebox::test::under_sanitizer;

// ---- what the children run

// Volatile, so that the compiler does not see through them.
int* volatile nowhere = nullptr;
volatile bool always = true;
char* volatile kept = nullptr;

void dereference_null() {
  *nowhere = 1;
}

void take_all_memory() {
  // In few steps: Meson has malloc fill what it gives.
  for (std::uint64_t bytes = 16 * mebibyte; always; bytes *= 16) kept = new char[bytes];
}

void fail_assertion(bool condition) {
  assert(condition && "planted");
}

int misbehave(const std::string& how) {
  if (how == "null") dereference_null();
  if (how == "abort") std::abort();
  if (how == "loop")
    while (always) continue;
  if (how == "hog") take_all_memory();
  if (how == "assert") fail_assertion(how.empty());
  if (how == "exit") std::exit(3);
  // A file's name: a fault that comes and goes.
  if (how.starts_with('/') && std::filesystem::exists(how)) dereference_null();
  if (how == "surroundings" && std::getenv("PLANTED") && std::filesystem::exists("planted"))
    std::abort();
  if (how.size() > 100'000) std::abort();  // with an attachment
  return 0;
}

// ---- helpers

struct scratch {
  scratch() {
    std::string name = std::filesystem::temp_directory_path() / "glovebox-repro-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

glovebox::farm_report run(const std::filesystem::path& saved,
                          const std::vector<glovebox::farm_case<std::string>>& cases,
                          glovebox::farm_options options = {}) {
  options.progress = glovebox::progress_style::none;
  options.timeout = 500ms * glovebox::test::time_scale;
  options.save_failures = saved;
  if (can_limit_memory) options.pool.child.memory_limit = 256 * mebibyte;
  asio::io_context io;
  const glovebox::farm farm(io, options);
  glovebox::farm_report result;
  farm.run<&misbehave>(cases, [&](std::exception_ptr error, glovebox::farm_report report) {
    BOOST_TEST(!error);
    result = std::move(report);
  });
  io.run();
  BOOST_TEST(result.save_error == "");
  return result;
}

std::filesystem::path bundle_of(const scratch& where, const std::string& how) {
  run(where.path, {{"case", how}});
  const std::filesystem::path bundle = where.path / "case.bundle";
  BOOST_REQUIRE(std::filesystem::exists(bundle));
  return bundle;
}

std::string quoted(const std::filesystem::path& path) {
  return "'" + path.string() + "'";
}

struct ending {
  int status = 0;  // as wait(2) has it
  std::string output;
  int exit_code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
  int signal() const { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
  bool says(std::string_view text) const { return output.find(text) != output.npos; }
};

std::ostream& operator<<(std::ostream& to, const ending& end) {
  return to << "status " << end.status << ":\n" << end.output;
}

ending shell(const std::string& command) {
  ending end;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  BOOST_REQUIRE(pipe);
  std::array<char, 4096> buffer;
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    end.output.append(buffer.data(), count);
  end.status = ::pclose(pipe);
  return end;
}

ending glovebox_command(const std::string& arguments) {
  return shell("exec " + quoted(glovebox_cli) + ' ' + arguments + " </dev/null");
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_bundle_of_a_farm_reproduces) {
  const scratch where;
  std::vector<glovebox::farm_case<std::string>> cases;
  for (const char* const how : {"null", "abort", "loop", "assert", "exit"})
    cases.push_back({how, how});
  if (can_limit_memory) cases.push_back({"hog", "hog"});
  cases.push_back({"large", std::string(200'000, 'x')});
  cases.push_back({"fine", "fine"});
  const glovebox::farm_report report = run(where.path, cases);
  BOOST_TEST(report.count(outcome::ok) == 1u);
  BOOST_TEST(!std::filesystem::exists(where.path / "fine.bundle"));
  for (const glovebox::case_record& failure : report.failures) {
    const std::string bundle = quoted(where.path / (failure.name + ".bundle"));
    const ending again = glovebox_command("repro " + bundle);
    BOOST_TEST(again.exit_code() == 0, again);
    BOOST_TEST(again.says("the same failure"), again);
    BOOST_TEST(again.says(failure.name + ": " + std::string(to_string(failure.outcome))), again);
    const ending shown = glovebox_command("show " + bundle);
    BOOST_TEST(shown.exit_code() == 0, shown);
    BOOST_TEST(shown.says("misbehave"), shown);
    BOOST_TEST(widest_line(shown.output) <= 100u, shown);
  }
}

BOOST_AUTO_TEST_CASE(children_are_started_as_they_were) {
  const scratch where;
  write(where.path / "planted", "");
  glovebox::farm_options options;
  options.pool.child.method = glovebox::start_method::spawn;
  options.pool.child.environment = {"PLANTED=yes"};
  options.pool.child.directory = where.path;
  options.pool.child.cpu_limit = 60s;
  run(where.path, {{"case", "surroundings"}}, options);
  const std::string bundle = quoted(where.path / "case.bundle");
  const ending shown = glovebox_command("show " + bundle);
  BOOST_TEST(shown.says("spawned"), shown);
  BOOST_TEST(shown.says("60 s of processor time"), shown);
  const ending again = glovebox_command("repro " + bundle);
  BOOST_TEST(again.exit_code() == 0, again);
  const ending in_process = glovebox_command("repro --in-process " + bundle);
  BOOST_TEST(in_process.signal() == SIGABRT, in_process);
  const ending elsewhere = glovebox_command("repro --directory / " + bundle);
  BOOST_TEST(elsewhere.exit_code() == 1, elsewhere);
}

BOOST_AUTO_TEST_CASE(what_has_gone_is_no_failure) {
  const scratch where;
  const std::filesystem::path fault = where.path / "fault";
  write(fault, "here");
  const std::string bundle = quoted(bundle_of(where, fault));
  BOOST_TEST(glovebox_command("repro " + bundle).exit_code() == 0);
  std::filesystem::remove(fault);
  const ending again = glovebox_command("repro " + bundle);
  BOOST_TEST(again.exit_code() == 1, again);
  BOOST_TEST(again.says("no failure"), again);
}

BOOST_AUTO_TEST_CASE(another_program_is_refused) {
  const scratch where;
  const std::string bundle = quoted(bundle_of(where, "abort"));
  // Beside the program itself, from where it finds its libraries.
  const std::filesystem::path image = std::filesystem::read_symlink("/proc/self/exe") += ".copy";
  std::filesystem::remove(image);
  std::filesystem::copy_file("/proc/self/exe", image);
  const std::string repro = "repro --image " + quoted(image) + ' ' + bundle;
  const ending copied = glovebox_command(repro);
  BOOST_TEST(copied.exit_code() == 0, copied);

  const ending shown = glovebox_command("show " + bundle);
  const std::size_t at = shown.output.find("build id ") + 9;
  std::string id;
  for (std::size_t i = at; std::isxdigit(shown.output[i]) != 0; i += 2)
    id += static_cast<char>(std::stoi(shown.output.substr(i, 2), nullptr, 16));
  std::string program = content_of(image);
  BOOST_REQUIRE(id.size() >= 8u);
  const std::size_t note = program.find(id);
  BOOST_REQUIRE(note != program.npos);
  program[note] = static_cast<char>(program[note] ^ 1);
  write(image, program);
  const ending changed = glovebox_command(repro);
  BOOST_TEST(changed.exit_code() == 2, changed);
  BOOST_TEST(changed.says("is another build than the one that failed"), changed);
  BOOST_TEST(changed.says("--image PATH"), changed);
  for (const std::string how : {"--in-process ", "--gdb "})
    BOOST_TEST(glovebox_command("repro " + how + repro.substr(6)).exit_code() == 2);

  // Unless it is meant to be one.
  const ending mended = glovebox_command("repro --other-build " + repro.substr(6));
  BOOST_TEST(mended.exit_code() == 0, mended);
  const ending in_process = glovebox_command("repro --other-build --in-process" + repro.substr(5));
  BOOST_TEST(in_process.signal() == SIGABRT, in_process);

  std::filesystem::remove(image);
  const ending missing = glovebox_command(repro);
  BOOST_TEST(missing.exit_code() == 2, missing);
  BOOST_TEST(missing.says("its program is missing"), missing);
}

BOOST_AUTO_TEST_CASE(what_is_no_bundle_is_an_error) {
  const scratch where;
  const std::filesystem::path bundle = bundle_of(where, "null");
  const std::string whole = content_of(bundle);
  const auto refused = [&](const std::string& content) {
    write(bundle, content);
    for (const std::string command : {"show ", "repro ", "repro --in-process "}) {
      const ending end = glovebox_command(command + quoted(bundle));
      BOOST_TEST(end.exit_code() == 2, command << end);
      BOOST_TEST(end.says("cannot read"), end);
    }
  };
  refused("");
  refused("garbage");
  refused(std::string(100'000, '\xff'));
  refused(whole.substr(0, whole.size() / 2));
  refused(whole.substr(0, whole.size() - 1));
  std::string flipped = whole;
  flipped[whole.size() - 3] = static_cast<char>(flipped[whole.size() - 3] ^ 4);
  refused(flipped);
  // The program itself, told to read one.
  const ending end =
      shell("exec /proc/" + std::to_string(::getpid()) + "/exe --glovebox-rerun=" + quoted(bundle));
  BOOST_TEST(end.exit_code() == 2, end);
  BOOST_TEST(glovebox_command("repro").exit_code() == 2);
  BOOST_TEST(glovebox_command("repro --no-such-option " + quoted(bundle)).exit_code() == 2);
  BOOST_TEST(glovebox_command("--help").exit_code() == 0);
}

BOOST_AUTO_TEST_CASE(in_process_the_program_itself_dies) {
  const scratch where;
  const ending null = glovebox_command("repro --in-process " + quoted(bundle_of(where, "null")));
  BOOST_TEST(null.signal() == SIGSEGV, null);
  const ending asserted =
      glovebox_command("repro --in-process " + quoted(bundle_of(where, "assert")));
  BOOST_TEST(asserted.signal() == SIGABRT, asserted);
  BOOST_TEST(asserted.says("Assertion"), asserted);
  const ending exits = glovebox_command("repro --in-process " + quoted(bundle_of(where, "exit")));
  BOOST_TEST(exits.exit_code() == 3, exits);
  if (!can_limit_memory) return;
  const ending hog = glovebox_command("repro --in-process " + quoted(bundle_of(where, "hog")));
  BOOST_TEST(hog.exit_code() == 0, hog);
  BOOST_TEST(hog.says("out of memory"), hog);
}

BOOST_AUTO_TEST_CASE(under_another_command) {
  const scratch where;
  const std::string bundle = quoted(bundle_of(where, "null"));
  const ending end = glovebox_command("repro --with 'env SOMETHING=else' " + bundle);
  BOOST_TEST(end.signal() == SIGSEGV, end);
  const ending missing = glovebox_command("repro --with /nonexistent/command " + bundle);
  BOOST_TEST(missing.exit_code() == 2, missing);
  BOOST_TEST(missing.says("cannot execute /nonexistent/command"), missing);
}

namespace {

boost::test_tools::assertion_result gdb_works(boost::unit_test::test_unit_id) {
  const ending end = shell("gdb -q -batch -ex run --args /bin/true </dev/null");
  if (end.says("exited normally")) return true;
  boost::test_tools::assertion_result no(false);
  no.message() << "skipped: no gdb that can trace programs here";
  return no;
}

}  // namespace

BOOST_AUTO_TEST_CASE(under_gdb, *boost::unit_test::precondition(gdb_works)) {
  const scratch where;
  const std::string bundle = quoted(bundle_of(where, "null"));
  const ending end = glovebox_command("repro --gdb " + bundle);
  BOOST_TEST(end.says("received signal SIGSEGV"), end);
  BOOST_TEST(end.says("dereference_null"), end);
  const ending stopped = glovebox_command("repro --gdb --break-at-call " + bundle);
  BOOST_TEST(stopped.says("glovebox_before_call"), stopped);
  BOOST_TEST(!stopped.says("SIGSEGV"), stopped);
}
