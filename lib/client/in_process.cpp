// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/in_process.hpp"

#include "client/child_request.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace glovebox::client {
namespace {

constexpr const char* backend_variable = "GLOVEBOX_BACKEND";

// Who wants a thread.
std::string wish_of(const context_options& options) {
  return options.backend == backend::in_process
             ? "backend::in_process"
             : std::string(backend_variable).append("=in_process");
}

class thread_check {
 public:
  explicit thread_check(const context_options& options) : options_(options) {}

  void refuse(const std::string& why) const {
    throw std::runtime_error(wish_of(options_) + ": " + why);
  }
  /// Refused where the program asks for both, waived where the environment wants a thread.
  void waive(bool wanted, const std::string& what, const std::string& instead) {
    if (!wanted) return;
    if (options_.backend == backend::in_process)
      refuse("a child that is a thread has no " + what + ": " + instead);
    waived_ += (waived_.empty() ? "" : ", ") + what;
  }
  std::string note() const {
    std::string text;
    if (options_.backend != backend::in_process)
      text = "a thread of this process, as " + wish_of(options_) + " says";
    if (!waived_.empty()) text += ", without " + waived_;
    const auto kept = [](output where) {
      return where == output::capture || where == output::null;
    };
    if (kept(options_.standard_output) || kept(options_.standard_error) || options_.on_output_line)
      text += std::string(text.empty() ? "" : "; ") + "its outputs are this process's own";
    return text;
  }

 private:
  const context_options& options_;
  std::string waived_;
};

void check_variable(const thread_check& to, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const std::string name = wanted.substr(0, equals);
  const char* const now = std::getenv(name.c_str());
  if (equals == wanted.npos) {
    if (now)
      to.refuse("a thread has this process's environment, in which " + name +
                " is set: start the process without it (env -u " + name + ")");
  } else if (!now || wanted.substr(equals + 1) != now) {
    to.refuse("a thread has this process's environment: start the process with " + wanted);
  }
}

}  // namespace

bool is_thread(const context_options& options) {
  if (options.backend != backend::automatic) return options.backend == backend::in_process;
  // Who may set variables of a program with more privileges must not bring code into it.
  const char* const text = ::secure_getenv(backend_variable);
  const std::string_view chosen = text ? text : "";
  if (chosen.empty() || chosen == "process") return false;
  if (chosen == "in_process") return true;
  throw std::runtime_error(std::string(backend_variable) + " is '" + text +
                           "'; it may be process or in_process");
}

std::string check_thread_options(const context_options& options) {
  thread_check check(options);
  check.waive(options.memory_limit != 0, "memory_limit",
              "leave it at 0, and limit this process (prlimit --as=BYTES)");
  check.waive(options.cpu_limit.count() > 0, "cpu_limit",
              "leave it at 0, and limit this process (prlimit --cpu=SECONDS)");
  check.waive(options.method == start_method::spawn, "image of its own (start_method::spawn)",
              "leave the method as it is, or use backend::process");
  check.waive(options.on_crash == on_crash::roll_back, "way back after a crash (on_crash)",
              "its crash is this process's; use backend::process");
  if (options.faults)
    check.refuse("faults on purpose would be this process's: use backend::process");
  std::error_code none;
  if (!options.directory.empty() && !std::filesystem::equivalent(options.directory, ".", none))
    check.refuse("a thread has this process's working directory: start the process in " +
                 options.directory);
  for (const std::string& each : options.environment) check_variable(check, each);
  return check.note();
}

runtime::thread_setup thread_setup_of(const context_options& options, transport::unique_fd channel,
                                      transport::unique_fd recorder) {
  context_options without_outputs = options;
  without_outputs.standard_output = without_outputs.standard_error = output::inherit;
  child_request wanted = request_for(without_outputs, std::move(channel), std::move(recorder));
  runtime::thread_setup made;
  made.channel = std::move(wanted.descriptors[0]);
  made.recorder = std::move(wanted.descriptors[1]);
  made.descriptors.assign(std::make_move_iterator(wanted.descriptors.begin() + 2),
                          std::make_move_iterator(wanted.descriptors.end()));
  made.arguments = std::move(wanted.start.arguments);
  made.preload = std::move(wanted.preload.modules);
  for (const std::string& each : options.module_path)
    made.module_path.push_back(std::filesystem::absolute(each).string());
  return made;
}

}  // namespace glovebox::client
