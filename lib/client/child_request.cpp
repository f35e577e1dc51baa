// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/child_request.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

namespace glovebox::client {
namespace {

transport::unique_fd open_null(int flags) {
  return transport::unique_fd(::open("/dev/null", flags | O_CLOEXEC));
}

constexpr const char* module_path_variable = "GLOVEBOX_MODULE_PATH";

std::string module_path(const std::vector<std::string>& places) {
  std::string path;
  // The child's working directory may be another.
  for (const std::string& each : places) path += std::filesystem::absolute(each).string() + ':';
  if (const char* const more = std::getenv(module_path_variable)) path += more;
  return path;
}

// The request that takes it along may have to wait, and outlive the context.
transport::unique_fd duplicate(const shared_file_descriptor& given) {
  constexpr const char* what = "a descriptor for the child";
  if (!given) throw std::system_error(EBADF, std::generic_category(), what);
  try {
    return given.duplicate();
  } catch (const std::system_error& why) {
    throw std::system_error(why.code(), what);
  }
}

// A part of the time that the child has, so that the server can still say what took too long. When
// several children wait for it the first one's counts.
std::chrono::milliseconds time_to_preload(std::chrono::nanoseconds start_timeout) {
  using std::chrono::milliseconds;
  return std::clamp(std::chrono::ceil<milliseconds>(start_timeout / 4 * 3), milliseconds(1),
                    milliseconds(std::numeric_limits<int>::max()));
}

}  // namespace

transport::unique_fd output_ends::end_of(output where) {
  if (where == output::inherit) return {};
  transport::unique_fd end = where == output::null ? open_null(O_WRONLY) : kept_end();
  if (!end) throw std::system_error(errno, std::generic_category(), "a child's output");
  return end;
}

transport::unique_fd output_ends::kept_end() {
  if (!read_end) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    read_end.reset(ends[0]);
    write_end_.reset(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  return transport::unique_fd(::fcntl(write_end_.get(), F_DUPFD_CLOEXEC, 0));
}

child_request request_for(const context_options& options, transport::unique_fd channel,
                          transport::unique_fd recorder) {
  child_request made;
  process::start_request& start = made.start;
  start.method = options.method;
  start.memory_limit = options.memory_limit;
  start.cpu_limit =
      static_cast<std::uint64_t>(std::max(options.cpu_limit, std::chrono::seconds(0)).count());
  start.core_dumps = options.core_dumps;
  start.environment = options.environment;
  start.arguments = options.arguments;
  start.directory = options.directory;
  made.preload.modules = options.preload;
  made.preload.timeout = time_to_preload(options.start_timeout);
  if (!options.module_path.empty()) {
    made.preload.module_path = module_path(options.module_path);
    start.environment.push_back(module_path_variable + ('=' + made.preload.module_path));
  }

  made.descriptors.push_back(std::move(channel));
  made.descriptors.push_back(std::move(recorder));
  output_ends outputs;
  if (auto end = outputs.end_of(options.standard_output)) {
    start.has_stdout = true;
    made.descriptors.push_back(std::move(end));
  }
  if (auto end = outputs.end_of(options.standard_error)) {
    start.has_stderr = true;
    made.descriptors.push_back(std::move(end));
  }
  made.output = std::move(outputs.read_end);
  start.extra_descriptors = static_cast<std::uint32_t>(options.descriptors.size());
  for (const shared_file_descriptor& each : options.descriptors)
    made.descriptors.push_back(duplicate(each));
  return made;
}

}  // namespace glovebox::client
