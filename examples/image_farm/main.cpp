// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The demo: thousands of real and broken images are decoded by stb_image in isolated children. What
// crashes or hangs is recorded and saved with the command that reproduces it; the rest is finished.
#include "decode.hpp"
#include "image_cases.hpp"
#include "planted.hpp"

#include <glovebox/farm.hpp>
#include <glovebox/glovebox.hpp>

#include <asio/io_context.hpp>
#include <boost/json.hpp>

#include <sys/stat.h>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using glovebox::outcome;
using image_farm::image_case;

/// Records show a case's size, and a failing one is saved as the image that it is.
template <>
struct glovebox::farm_input<image_case> {
  static std::string text(const image_case& input) {
    return input.kind + " of " + std::to_string(input.bytes.size()) + " bytes";
  }
  static std::vector<std::byte> file(const image_case& input) { return input.bytes; }
};

namespace {

constexpr std::uint64_t memory_limit = std::uint64_t{256} << 20;  // a child's [bytes]
constexpr std::string_view planted_prefix = "planted:";
constexpr auto stb_image_header = "/usr/include/stb/stb_image.h";

// ---- what the children run

image_farm::image_summary decode_case(const image_case& input) {
  return image_farm::decode(input.kind, input.bytes);
}

// A child has one socket, and that is its channel.
int own_channel() {
  constexpr int most_descriptors = 1024;
  for (int fd = 3; fd != most_descriptors; ++fd) {
    struct stat about {};
    if (::fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode)) return fd;
  }
  throw std::runtime_error("this process has no channel");
}

int planted_case(const std::string& which) {
  constexpr int most_mebibytes = 4096;
  return image_farm::run_planted(which, which == "garbage" ? own_channel() : most_mebibytes);
}

// ---- the demo

struct settings {
  std::filesystem::path images;
  std::filesystem::path out = "out/demo";
  std::string only;  // the case to run alone
  std::size_t children = std::max(2u, std::thread::hardware_concurrency());
  std::uint64_t seed = 1;
  std::chrono::milliseconds timeout{2000};
  std::string program;
};

template <class T>
T number(std::string_view option, std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument(std::string(option) + " takes a number, not " + std::string(text));
  return value;
}

settings parse(int argc, char** argv) {
  settings chosen;
  chosen.program = std::filesystem::absolute(argv[0]).string();
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (i + 1 == argc) throw std::invalid_argument(std::string(option) + " needs a value");
    const std::string_view value = argv[i + 1];
    if (option == "--images")
      chosen.images = value;
    else if (option == "--out")
      chosen.out = value;
    else if (option == "--case")
      chosen.only = value;
    else if (option == "--children")
      chosen.children = number<std::size_t>(option, value);
    else if (option == "--seed")
      chosen.seed = number<std::uint64_t>(option, value);
    else if (option == "--timeout-ms")
      chosen.timeout = std::chrono::milliseconds(number<int>(option, value));
    else
      throw std::invalid_argument(
          "unknown option " + std::string(option) +
          "; there are --images --out --case --children --seed --timeout-ms");
  }
  return chosen;
}

glovebox::farm_options farm_options_for(const settings& chosen) {
  glovebox::farm_options options;
  options.pool.size = chosen.children;
  options.pool.child.memory_limit = memory_limit;
  options.timeout = chosen.timeout;
  options.order = chosen.seed;
  return options;
}

template <auto F, class Cases>
glovebox::farm_report run_farm(glovebox::farm_options options, const Cases& cases) {
  asio::io_context io;
  const glovebox::farm farm(io, std::move(options));
  glovebox::farm_report result;
  std::exception_ptr failure;
  farm.run<F>(cases, [&](std::exception_ptr error, glovebox::farm_report report) {
    failure = std::move(error);
    result = std::move(report);
  });
  io.run();
  if (failure) std::rethrow_exception(failure);
  return result;
}

auto dataset_of(const image_farm::image_cases& images) {
  return glovebox::generated_cases(images.names().size(), [&images](std::size_t index) {
    const std::string& name = images.names()[index];
    return glovebox::farm_case<image_case>{name, images.make_case(name)};
  });
}

// A word for the shell.
std::string shell_word(const std::filesystem::path& path) {
  std::string word = "'";
  for (const char each : path.string()) word += each == '\'' ? "'\\''" : std::string(1, each);
  return word + '\'';
}

// Images that crash or hang are recorded as they happen, and saved with a command beside each.
glovebox::farm_report first_run(const settings& chosen, const image_farm::image_cases& images) {
  glovebox::farm_options options = farm_options_for(chosen);
  options.jsonl = chosen.out / "cases.jsonl";
  options.save_failures = chosen.out / "failures";
  options.reproduce = shell_word(chosen.program) + " --images " +
                      shell_word(std::filesystem::absolute(chosen.images)) + " --timeout-ms " +
                      std::to_string(chosen.timeout.count()) + " --case {name}";
  return run_farm<&decode_case>(std::move(options), dataset_of(images));
}

// The same cases in another order, over another number of children, must end alike.
glovebox::farm_report second_run(const settings& chosen, const image_farm::image_cases& images) {
  glovebox::farm_options options = farm_options_for(chosen);
  options.pool.size = chosen.children + 1;
  options.order = chosen.seed + 1;
  return run_farm<&decode_case>(std::move(options), dataset_of(images));
}

boost::json::array unstable_cases(const glovebox::farm_report& first,
                                  const glovebox::farm_report& second,
                                  const image_farm::image_cases& images) {
  boost::json::array unstable;
  for (std::size_t i = 0; i != first.outcomes.size(); ++i)
    if (first.outcomes[i] != second.outcomes[i])
      unstable.push_back({{"name", images.names()[i]},
                          {"first", std::string(to_string(first.outcomes[i]))},
                          {"second", std::string(to_string(second.outcomes[i]))}});
  return unstable;
}

outcome expected_of(std::string_view fault) {
  if (fault == "memory_hog") return outcome::out_of_memory;
  if (fault == "endless_loop") return outcome::timed_out;
  if (fault == "garbage") return outcome::protocol_violation;
  return outcome::crashed;
}

boost::json::array planted_run(const settings& chosen, bool& all_right) {
  std::vector<glovebox::farm_case<std::string>> faults;
  for (const std::string& name : image_farm::planted_names()) faults.push_back({name, name});
  glovebox::farm_options options = farm_options_for(chosen);
  options.progress = glovebox::progress_style::none;
  options.save_failures = chosen.out / "planted";
  const glovebox::farm_report report = run_farm<&planted_case>(std::move(options), faults);

  std::cout << "\nplanted faults      expected            got\n";
  boost::json::array rows;
  for (std::size_t i = 0; i != faults.size(); ++i) {
    const outcome expected = expected_of(faults[i].name), got = report.outcomes[i];
    const auto padded = [](std::string_view text) {
      constexpr std::size_t width = 20;
      return std::string(text) + std::string(width - std::min(text.size(), width), ' ');
    };
    std::cout << padded(faults[i].name) << padded(to_string(expected)) << padded(to_string(got))
              << (expected == got ? "right" : "WRONG") << '\n';
    all_right = all_right && expected == got;
    const glovebox::case_record* const record = report.failure(i);
    rows.push_back({{"name", faults[i].name},
                    {"expected", std::string(to_string(expected))},
                    {"got", std::string(to_string(got))},
                    {"message", record ? record->message : ""},
                    {"right", expected == got}});
  }
  return rows;
}

int run_alone(const settings& chosen) {
  settings alone = chosen;
  alone.children = 1;
  glovebox::farm_options options = farm_options_for(alone);
  options.progress = glovebox::progress_style::none;
  glovebox::farm_report report;
  if (chosen.only.starts_with(planted_prefix)) {
    const std::string fault = chosen.only.substr(planted_prefix.size());
    report = run_farm<&planted_case>(std::move(options),
                                     std::vector{glovebox::farm_case<std::string>{fault, fault}});
  } else {
    const image_farm::image_cases images(chosen.images);
    std::vector<glovebox::farm_case<image_case>> one;
    one.push_back({chosen.only, images.make_case(chosen.only)});
    report = run_farm<&decode_case>(std::move(options), one);
  }
  if (const glovebox::case_record* const record = report.failure(0)) {
    std::cout << record->report();
    return 1;
  }
  std::cout << chosen.only << ": ok\n";
  return 0;
}

int run_all(const settings& chosen) {
  const image_farm::image_cases images(chosen.images);
  for (const char* const earlier : {"failures", "planted"})
    std::filesystem::remove_all(chosen.out / earlier);
  std::filesystem::create_directories(chosen.out);

  std::cout << images.names().size() << " images, " << chosen.children << " children of "
            << (memory_limit >> 20) << " MiB, " << chosen.timeout.count() << " ms a case\n";
  const glovebox::farm_report report = first_run(chosen, images);
  std::cout << report.summary() << "\nthe same in another order, with " << chosen.children + 1
            << " children:\n";
  const glovebox::farm_report again = second_run(chosen, images);
  const boost::json::array unstable = unstable_cases(report, again, images);
  std::cout << (report.total() - unstable.size()) << " of " << report.total()
            << " cases ended alike\n";
  for (const auto& each : unstable) std::cout << "unstable: " << each << '\n';

  bool planted_right = true;
  const boost::json::array planted = planted_run(chosen, planted_right);

  boost::json::object outcomes;
  std::size_t sum = 0;
  for (const outcome each : glovebox::all_outcomes) {
    outcomes[std::string_view(to_string(each))] = report.count(each);
    sum += report.count(each);
  }
  const boost::json::object json{{"total", report.total()},
                                 {"outcomes", outcomes},
                                 {"cases_sha256", images.sha256()},
                                 {"stb_image_sha256", image_farm::sha256_of_file(stb_image_header)},
                                 {"children", chosen.children},
                                 {"seed", chosen.seed},
                                 {"unstable", unstable},
                                 {"planted", planted}};
  std::ofstream(chosen.out / "report.json") << boost::json::serialize(json) << '\n';
  std::cout << "\nreport: " << (chosen.out / "report.json").string()
            << "  records: " << (chosen.out / "cases.jsonl").string()
            << "  failing inputs: " << (chosen.out / "failures").string()
            << "\none of them again: glovebox repro " << (chosen.out / "failures").string()
            << "/NAME.bundle\n";

  constexpr std::size_t least_cases = 5000, most_unstable = 5;
  const std::pair<bool, const char*> demands[] = {
      {report.total() >= least_cases, "there are too few cases"},
      {sum == report.total(), "the outcomes do not sum up to the cases"},
      {report.count(outcome::timed_out) > 0, "no hang was found"},
      {report.journal_error.empty() && report.save_error.empty(), "not everything was written"},
      {unstable.size() <= most_unstable, "too many cases end differently each time"},
      {planted_right, "a planted fault was not recognised"}};
  int failed = 0;
  for (const auto& [met, otherwise] : demands)
    if (!met) {
      std::cerr << "the demo failed: " << otherwise << '\n';
      failed = 1;
    }
  return failed;
}

}  // namespace

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  try {
    const settings chosen = parse(argc, argv);
    return chosen.only.empty() ? run_all(chosen) : run_alone(chosen);
  } catch (const std::exception& why) {
    std::cerr << "image_farm: " << why.what() << '\n';
    return 2;
  }
}
