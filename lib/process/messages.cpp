// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/messages.hpp"

#include "transport/socket.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <limits>
#include <stdexcept>
#include <type_traits>

namespace glovebox::process {
namespace {

// First byte of a message. Both directions are numbered together, so that neither is mistaken for
// the other.
enum class kind : std::uint8_t {
  start = 1,
  started,
  start_failed,
  exited,
  kill,
  preload,
  adopt,
  count
};

constexpr std::uint8_t flag_core_dumps = 1;
constexpr std::uint8_t flag_stdout = 2;
constexpr std::uint8_t flag_stderr = 4;
constexpr std::uint8_t all_flags = flag_core_dumps | flag_stdout | flag_stderr;

constexpr std::size_t child_offset = 1;
constexpr int highest_errno = 4095;  // what a Linux system call can return

class writer {
 public:
  template <class T>
  writer& number(T value) {
    static_assert(std::is_unsigned_v<T>);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
    return *this;
  }
  writer& text(const std::string& value) {
    number(static_cast<std::uint32_t>(value.size()));
    const auto* const first = reinterpret_cast<const std::byte*>(value.data());
    bytes_.insert(bytes_.end(), first, first + value.size());
    return *this;
  }
  writer& texts(const std::vector<std::string>& values) {
    number(static_cast<std::uint32_t>(values.size()));
    for (const std::string& value : values) text(value);
    return *this;
  }
  std::size_t size() const noexcept { return bytes_.size(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// After the first thing that does not fit everything reads as zero, and complete() says so.
class reader {
 public:
  explicit reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
  T number() {
    static_assert(std::is_unsigned_v<T>);
    if (bytes_.size() < sizeof(T)) return fail(), T{0};
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value |= std::to_integer<std::uint64_t>(bytes_[i]) << (8 * i);
    }
    bytes_ = bytes_.subspan(sizeof(T));
    return static_cast<T>(value);
  }
  // A number of which the rest of the program has only a smaller range.
  template <class T, class Wire>
  T number_up_to(Wire highest) {
    const Wire value = number<Wire>();
    if (value > highest) return fail(), T{};
    return static_cast<T>(value);
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    if (size > bytes_.size()) return fail(), std::string();
    std::string value(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    // It becomes a C string, which would end there.
    if (value.find('\0') != std::string::npos) fail();
    return value;
  }
  std::vector<std::string> texts() {
    const auto count = number<std::uint32_t>();
    // Each takes at least the four bytes of its length.
    require(count <= left() / sizeof(std::uint32_t));
    std::vector<std::string> values;
    for (std::uint32_t i = 0; ok_ && i < count; ++i) values.push_back(text());
    return values;
  }
  void require(bool condition) {
    if (!condition) fail();
  }
  bool complete() const noexcept { return ok_ && bytes_.empty(); }

 private:
  std::size_t left() const noexcept { return bytes_.size(); }
  void fail() {
    ok_ = false;
    bytes_ = {};
  }

  std::span<const std::byte> bytes_;
  bool ok_ = true;
};

void write(writer& to, const start_request& request) {
  const auto flags = static_cast<std::uint8_t>((request.core_dumps ? flag_core_dumps : 0) |
                                               (request.has_stdout ? flag_stdout : 0) |
                                               (request.has_stderr ? flag_stderr : 0));
  to.number(static_cast<std::uint8_t>(kind::start))
      .number(request.child)
      .number(static_cast<std::uint8_t>(request.method))
      .number(flags)
      .number(request.memory_limit)
      .number(request.cpu_limit)
      .text(request.directory)
      .texts(request.environment)
      .texts(request.arguments)
      .number(request.extra_descriptors)
      .texts(request.command)
      .number(static_cast<std::uint32_t>(request.avoided_processor));
  if (to.size() > max_message_bytes) {
    throw std::length_error("start request: environment, arguments and directory exceed 64 KiB");
  }
  if (request.descriptors() > transport::max_descriptors)
    throw std::length_error("start request: more descriptors than a message can have");
}

void write(writer& to, const preload_request& request) {
  to.number(static_cast<std::uint8_t>(kind::preload))
      .number(std::uint64_t{0})  // where others have their child
      .text(request.module_path)
      .texts(request.modules)
      .number(static_cast<std::uint32_t>(request.timeout.count()));
  if (to.size() > max_message_bytes)
    throw std::length_error("preload request: names and search path exceed 64 KiB");
}

void write(writer& to, const adopt_request& request) {
  to.number(static_cast<std::uint8_t>(kind::adopt)).number(request.child);
}

void write(writer& to, const kill_request& request) {
  to.number(static_cast<std::uint8_t>(kind::kill)).number(request.child);
}

void write(writer& to, const count_request&) {
  to.number(static_cast<std::uint8_t>(kind::count)).number(std::uint64_t{0});
}

void write(writer& to, const started& message) {
  to.number(static_cast<std::uint8_t>(kind::started))
      .number(message.child)
      .number(static_cast<std::uint32_t>(message.pid))
      .text(message.note);
}

void write(writer& to, const start_failed& message) {
  to.number(static_cast<std::uint8_t>(kind::start_failed))
      .number(message.child)
      .number(static_cast<std::uint32_t>(message.error))
      .number(static_cast<std::uint32_t>(message.stage))
      .text(message.detail);
}

void write(writer& to, const exited& message) {
  const auto& [code, status, usage] = message.status;
  to.number(static_cast<std::uint8_t>(kind::exited))
      .number(message.child)
      .number(static_cast<std::uint32_t>(code))
      .number(static_cast<std::uint32_t>(status))
      .number(usage.peak_memory)
      .number(static_cast<std::uint64_t>(usage.user_time.count()))
      .number(static_cast<std::uint64_t>(usage.system_time.count()));
}

bool plausible(const exit_status& exit) {
  switch (exit.code) {
    case CLD_EXITED:
      return exit.status >= 0 && exit.status <= 255;
    case CLD_KILLED:
    case CLD_DUMPED:
      return exit.status >= 1 && exit.status <= 64;
    default:
      return false;
  }
}

std::chrono::microseconds read_time(reader& from) {
  constexpr std::uint64_t highest = std::numeric_limits<std::int64_t>::max() / 1'000;  // fits in ns
  return std::chrono::microseconds(from.number_up_to<std::int64_t, std::uint64_t>(highest));
}

exited read_exited(reader& from) {
  exited message;
  message.child = from.number<std::uint64_t>();
  message.status.code = from.number_up_to<int, std::uint32_t>(CLD_DUMPED);
  message.status.status = from.number_up_to<int, std::uint32_t>(255);
  message.status.usage.peak_memory = from.number<std::uint64_t>();
  message.status.usage.user_time = read_time(from);
  message.status.usage.system_time = read_time(from);
  from.require(plausible(message.status));
  return message;
}

start_failed read_start_failed(reader& from) {
  start_failed message;
  message.child = from.number<std::uint64_t>();
  message.error = from.number_up_to<int, std::uint32_t>(highest_errno);
  message.stage =
      from.number_up_to<start_stage, std::uint32_t>(static_cast<std::uint32_t>(start_stage::copy));
  message.detail = from.text();
  from.require(message.error != 0 && message.stage != start_stage::none);
  return message;
}

preload_request read_preload_request(reader& from) {
  preload_request request;
  from.require(from.number<std::uint64_t>() == 0);
  request.module_path = from.text();
  request.modules = from.texts();
  request.timeout = std::chrono::milliseconds(
      from.number_up_to<int, std::uint32_t>(std::numeric_limits<int>::max()));
  return request;
}

count_request read_count_request(reader& from) {
  from.require(from.number<std::uint64_t>() == 0);
  return {};
}

start_request read_start_request(reader& from) {
  start_request request;
  request.child = from.number<std::uint64_t>();
  request.method =
      from.number_up_to<start_method, std::uint8_t>(static_cast<std::uint8_t>(start_method::spawn));
  const auto flags = from.number_up_to<std::uint8_t, std::uint8_t>(all_flags);
  request.core_dumps = (flags & flag_core_dumps) != 0;
  request.has_stdout = (flags & flag_stdout) != 0;
  request.has_stderr = (flags & flag_stderr) != 0;
  request.memory_limit = from.number<std::uint64_t>();
  request.cpu_limit = from.number<std::uint64_t>();
  request.directory = from.text();
  request.environment = from.texts();
  for (const std::string& variable : request.environment)
    from.require(!variable.empty() && variable.front() != '=');  // it needs a name
  request.arguments = from.texts();
  request.extra_descriptors = from.number_up_to<std::uint32_t, std::uint32_t>(
      static_cast<std::uint32_t>(transport::max_descriptors));
  from.require(request.descriptors() <= transport::max_descriptors);
  request.command = from.texts();
  from.require(request.command.empty() || request.command.front().starts_with('/'));
  request.avoided_processor = static_cast<std::int32_t>(from.number<std::uint32_t>());
  return request;
}

started read_started(reader& from) {
  started message;
  message.child = from.number<std::uint64_t>();
  message.pid = from.number_up_to<pid_t, std::uint32_t>(std::numeric_limits<pid_t>::max());
  message.note = from.text();
  // Signals to 0, -1 and 1 would hit others.
  from.require(message.pid > 1);
  return message;
}

}  // namespace

std::string_view to_string(start_stage stage) noexcept {
  switch (stage) {
    case start_stage::none:
      return "none";
    case start_stage::request:
      return "start request";
    case start_stage::preload:
      return "preloading";
    case start_stage::descriptors:
      return "passing descriptors";
    case start_stage::fork:
      return "fork";
    case start_stage::pidfd:
      return "pidfd_open";
    case start_stage::parent:
      return "fork server lost";
    case start_stage::stdio:
      return "standard output and error";
    case start_stage::environment:
      return "environment";
    case start_stage::directory:
      return "working directory";
    case start_stage::core_limit:
      return "core dump limit";
    case start_stage::memory_limit:
      return "memory limit";
    case start_stage::cpu_limit:
      return "processor time limit";
    case start_stage::exec:
      return "exec";
    case start_stage::copy:
      return "copying a child";
  }
  return "unknown";
}

std::vector<std::byte> encode(const server_request& request) {
  writer to;
  std::visit([&to](const auto& alternative) { write(to, alternative); }, request);
  return to.take();
}

std::vector<std::byte> encode(const server_message& message) {
  writer to;
  std::visit([&to](const auto& alternative) { write(to, alternative); }, message);
  return to.take();
}

std::optional<server_request> decode_server_request(std::span<const std::byte> bytes) {
  if (bytes.size() > max_message_bytes) return std::nullopt;
  reader from(bytes);
  server_request request;
  switch (static_cast<kind>(from.number<std::uint8_t>())) {
    case kind::start:
      request = read_start_request(from);
      break;
    case kind::adopt:
      request = adopt_request{from.number<std::uint64_t>()};
      break;
    case kind::kill:
      request = kill_request{from.number<std::uint64_t>()};
      break;
    case kind::preload:
      request = read_preload_request(from);
      break;
    case kind::count:
      request = read_count_request(from);
      break;
    default:
      return std::nullopt;
  }
  if (!from.complete()) return std::nullopt;
  return request;
}

std::optional<server_message> decode_server_message(std::span<const std::byte> bytes) {
  reader from(bytes);
  server_message message;
  switch (static_cast<kind>(from.number<std::uint8_t>())) {
    case kind::started:
      message = read_started(from);
      break;
    case kind::start_failed:
      message = read_start_failed(from);
      break;
    case kind::exited:
      message = read_exited(from);
      break;
    default:
      return std::nullopt;
  }
  if (!from.complete()) return std::nullopt;
  return message;
}

std::uint64_t child_of(std::span<const std::byte> request) noexcept {
  if (request.size() < child_offset + sizeof(std::uint64_t)) return 0;
  return reader(request.subspan(child_offset)).number<std::uint64_t>();
}

}  // namespace glovebox::process
