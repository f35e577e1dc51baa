// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/bundle.hpp"

#include "core/as_text.hpp"
#include "core/bundle_fields.hpp"
#include "core/checksum.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <utility>

namespace glovebox::core {
namespace {

namespace json = boost::json;

constexpr std::size_t most_header = std::size_t{8} << 20;  // [bytes]
constexpr std::size_t longest_first_line = 100;
constexpr std::size_t most_depth = 8;
constexpr std::uint64_t most_time = 1'000'000'000'000'000'000;  // [ns], three decades
constexpr std::uint64_t most_bytes_of_memory = std::uint64_t{1} << 56;
constexpr std::size_t longest_id = 64;
constexpr std::size_t causes = static_cast<std::size_t>(cause::start_timeout) + 1;
constexpr std::size_t phases = static_cast<std::size_t>(phase::unknown) + 1;
constexpr std::size_t culprits = static_cast<std::size_t>(culprit::unknown) + 1;

std::string_view name_of(start_method method) {
  return method == start_method::spawn ? "spawn" : "forkserver";
}

std::string_view key_of(module_identity::source kind) {
  return kind == module_identity::source::build_id ? "build_id" : "code_hash";
}

struct first_line {
  std::uint64_t header = 0;
  std::uint64_t binary = 0;
  std::uint32_t checksum = 0;
};

std::string text_of(const first_line& line) {
  std::array<char, longest_first_line> text;
  const int length = std::snprintf(text.data(), text.size(), "%.*s%u %llu %llu %08x\n",
                                   static_cast<int>(bundle::magic.size()), bundle::magic.data(),
                                   bundle::version, static_cast<unsigned long long>(line.header),
                                   static_cast<unsigned long long>(line.binary), line.checksum);
  return {text.data(), static_cast<std::size_t>(length)};
}

// ---- writing

template <class Duration>
std::uint64_t whole(Duration time) {
  return time.count() > 0 ? static_cast<std::uint64_t>(time.count()) : 0;
}

json::object json_of_limits(const limits& from) {
  return {{"message_bytes", from.message_bytes},
          {"decoded_bytes", from.decoded_bytes},
          {"depth", from.depth},
          {"attachments", from.attachments},
          {"descriptors", from.descriptors},
          {"callback_depth", from.callback_depth}};
}

json::object json_of_child(const context_options& child) {
  return {{"method", name_of(child.method)},
          {"memory_limit", child.memory_limit},
          {"cpu_limit_s", whole(child.cpu_limit)},
          {"start_timeout_ns", whole(child.start_timeout)},
          {"core_dumps", child.core_dumps},
          {"environment", json_of(child.environment)},
          {"module_path", json_of(child.module_path)},
          {"preload", json_of(child.preload)},
          {"directory", json_of(child.directory)},
          {"limits", json_of_limits(child.limits)}};
}

json::object json_of_seen(const bundle& what) {
  const case_record& seen = what.seen;
  json::object made{{"outcome", to_string(seen.outcome)},
                    {"phase", to_string(seen.phase)},
                    {"culprit", to_string(seen.culprit)},
                    {"signal", seen.signal_number},
                    {"type", json_of(seen.type)},
                    {"message", json_of(seen.message)},
                    {"last_words", json_of(seen.last_words)},
                    {"group", json_of(seen.group)},
                    {"elapsed_ns", whole(seen.elapsed)},
                    {"peak_memory", seen.peak_memory},
                    {"stack", json_of(what.stack)},
                    {"stderr", json_of(seen.stderr_tail)}};
  if (seen.cause) made["cause"] = to_string(*seen.cause);
  if (seen.exit_code >= 0) made["exit_code"] = seen.exit_code;
  return made;
}

json::object json_of_header(const bundle& what) {
  json::array sizes;
  for (const auto& each : what.attachments) sizes.push_back(each.size());
  const json::object module{
      {"path", json_of(what.function.path)},
      {key_of(what.function.module.kind), to_hex(what.function.module.bytes)}};
  return {
      {"made_by", what.made_by},
      {"case", json_of(what.seen.name)},
      {"input", json_of(what.seen.input)},
      {"program", {{"path", json_of(what.program)}, {"build_id", to_hex(what.program_build_id)}}},
      {"function",
       {{"name", json_of(what.function.name)},
        {"module", module},
        {"offset", what.function.offset}}},
      {"arguments", {{"body", what.body.size()}, {"attachments", sizes}}},
      {"run_timeout_ns", whole(what.call.run_timeout)},
      {"grace_ns", whole(what.call.grace)},
      {"child", json_of_child(what.child)},
      {"environment", json_of(what.surroundings)},
      {"happened", json_of_seen(what)}};
}

// ---- reading

template <class Enum>
Enum named(const fields& from, std::string_view key, std::size_t count) {
  const std::string name = from.text(key);
  for (std::size_t i = 0; i != count; ++i)
    if (name == to_string(static_cast<Enum>(i))) return static_cast<Enum>(i);
  from.refuse(key, "is none of the known ones");
}

std::chrono::nanoseconds time_of(const fields& from, std::string_view key) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(from.number(key, 0, 0, most_time)));
}

template <class T>
void read_limit(const fields& from, std::string_view key, T& limit, std::uint64_t most) {
  limit = static_cast<T>(from.number(key, limit, 0, most));
}

void read_limits(const fields& from, limits& bounds) {
  read_limit(from, "message_bytes", bounds.message_bytes, most_bytes_of_memory);
  read_limit(from, "decoded_bytes", bounds.decoded_bytes, most_bytes_of_memory);
  read_limit(from, "depth", bounds.depth, 4096);
  read_limit(from, "attachments", bounds.attachments, 1 << 20);
  read_limit(from, "descriptors", bounds.descriptors, 253);
  read_limit(from, "callback_depth", bounds.callback_depth, 4096);
}

void check_variables(const fields& from, const std::vector<std::string>& variables,
                     bool may_unset) {
  for (const std::string& each : variables) {
    const std::size_t equals = each.find('=');
    if (equals == 0 || each.empty() || (equals == each.npos && !may_unset))
      from.refuse("environment", "has a variable without a name, or without a value");
  }
}

void read_child(const fields& from, context_options& child) {
  child.method = from.choice("method", {"forkserver", "spawn"}) == 1 ? start_method::spawn
                                                                     : start_method::forkserver;
  child.memory_limit = from.number("memory_limit", 0, 0, most_bytes_of_memory);
  child.cpu_limit = std::chrono::seconds(from.number("cpu_limit_s", 0, 0, 1u << 30));
  child.start_timeout = time_of(from, "start_timeout_ns");
  child.core_dumps = from.flag("core_dumps");
  child.environment = from.system_texts("environment");
  check_variables(from, child.environment, true);
  child.module_path = from.system_texts("module_path");
  child.preload = from.system_texts("preload");
  child.directory = from.system_text("directory");
  if (from.has("limits")) read_limits(from.object("limits"), child.limits);
}

void read_seen(const fields& from, bundle& what) {
  case_record& seen = what.seen;
  seen.outcome = named<outcome>(from, "outcome", outcome_count);
  if (from.has("cause")) seen.cause = named<cause>(from, "cause", causes);
  seen.phase = named<phase>(from, "phase", phases);
  seen.culprit = named<culprit>(from, "culprit", culprits);
  seen.signal_number = static_cast<int>(from.number("signal", 0, 0, 64));
  if (from.has("exit_code")) seen.exit_code = static_cast<int>(from.number("exit_code", 0, 0, 255));
  seen.type = from.text("type");
  seen.message = from.text("message");
  seen.last_words = from.text("last_words");
  seen.group = from.text("group");
  seen.elapsed = time_of(from, "elapsed_ns");
  seen.peak_memory = from.number("peak_memory", 0, 0, most_bytes_of_memory);
  seen.stderr_tail = from.texts("stderr");
  what.stack = from.texts("stack");
}

void read_function(const fields& from, definition& function) {
  function.name = from.text("name");
  function.offset = from.number("offset", 0, 0, most_bytes_of_memory);
  const fields module = from.object("module");
  function.path = module.path("path");
  function.module.kind = module.has("build_id") ? module_identity::source::build_id
                                                : module_identity::source::code_hash;
  function.module.bytes = module.hex(key_of(function.module.kind));
  if (function.module.bytes.empty() || function.module.bytes.size() > longest_id)
    module.refuse(key_of(function.module.kind), "has no possible length");
}

void read_header(const fields& from, bundle& what) {
  what.made_by = from.text("made_by");
  what.seen.name = from.text("case");
  what.seen.input = from.text("input");
  const fields program = from.object("program");
  what.program = program.path("path");
  what.program_build_id = program.hex("build_id");
  if (what.program_build_id.size() > longest_id)
    program.refuse("build_id", "has no possible length");
  read_function(from.object("function"), what.function);
  what.call.run_timeout = time_of(from, "run_timeout_ns");
  what.call.grace = time_of(from, "grace_ns");
  read_child(from.object("child"), what.child);
  what.surroundings = from.system_texts("environment");
  check_variables(from, what.surroundings, false);
  for (const std::string& each : what.surroundings)
    if (!matters(std::string_view(each).substr(0, each.find('='))))
      from.refuse("environment", "sets a variable that no bundle has");
  read_seen(from.object("happened"), what);
}

void read_arguments(const fields& from, std::span<const std::byte> binary, bundle& what) {
  std::vector<std::uint64_t> sizes = from.numbers("attachments");
  if (sizes.size() > what.child.limits.attachments)
    from.refuse("attachments", "are more than its limit");
  const auto take = [&](std::uint64_t size) {
    if (size > binary.size()) from.refuse("attachments", "and body are longer than what follows");
    const auto bytes = binary.first(static_cast<std::size_t>(size));
    binary = binary.subspan(bytes.size());
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  what.body = take(from.number("body", 0, 0, fields::any));
  for (const std::uint64_t size : sizes) what.attachments.push_back(take(size));
  if (!binary.empty()) from.refuse("attachments", "and body are shorter than what follows");
}

template <class T>
bool take_number(std::string_view& from, T& number, char end, int base = 10) {
  const char* const last = from.data() + from.size();
  const auto [rest, failed] = std::from_chars(from.data(), last, number, base);
  if (failed != std::errc() || rest == last || *rest != end) return false;
  from.remove_prefix(static_cast<std::size_t>(rest - from.data()) + 1);
  return true;
}

first_line read_first_line(std::string_view& rest) {
  if (rest.empty()) throw bundle_error("it is empty");
  if (!rest.starts_with(bundle::magic)) throw bundle_error("it is no glovebox bundle");
  if (rest.find('\n') > longest_first_line) throw bundle_error("its first line has no end");
  const std::string_view whole = rest;
  rest.remove_prefix(bundle::magic.size());
  unsigned version = 0;
  first_line read;
  if (!take_number(rest, version, ' ')) throw bundle_error("its first line has no version");
  if (version != bundle::version)
    throw bundle_error("it has version " + std::to_string(version) + "; this library reads " +
                       std::to_string(bundle::version));
  if (!take_number(rest, read.header, ' ') || !take_number(rest, read.binary, ' ') ||
      !take_number(rest, read.checksum, '\n', 16) || !whole.starts_with(text_of(read)))
    throw bundle_error("its first line is damaged");
  return read;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

definition in_other_build(const bundle& what) {
  definition made = what.function;
  made.offset = definition::by_name;
  if (made.module.bytes == what.program_build_id || made.path == what.program) made.path.clear();
  return made;
}

bool matters(std::string_view variable) noexcept {
  constexpr std::array<std::string_view, 12> names{"GLOVEBOX_MODULE_PATH",
                                                   "LD_LIBRARY_PATH",
                                                   "LD_PRELOAD",
                                                   "LD_BIND_NOW",
                                                   "GLIBC_TUNABLES",
                                                   "ASAN_OPTIONS",
                                                   "UBSAN_OPTIONS",
                                                   "TSAN_OPTIONS",
                                                   "LSAN_OPTIONS",
                                                   "LANG",
                                                   "LANGUAGE",
                                                   "TZ"};
  if (std::find(names.begin(), names.end(), variable) != names.end()) return true;
  return variable.starts_with("MALLOC_") || variable.starts_with("LC_") ||
         variable.starts_with("OMP_");
}

std::vector<std::byte> encode_bundle(const bundle& what) {
  const std::string header = json::serialize(json_of_header(what)) + '\n';
  std::uint64_t size = what.body.size();
  for (const auto& each : what.attachments) size += each.size();
  std::uint32_t sum = crc32(std::as_bytes(std::span(header)));
  sum = crc32(what.body, sum);
  for (const auto& each : what.attachments) sum = crc32(each, sum);

  const std::string line = text_of({header.size(), size, sum});
  std::vector<std::byte> bytes;
  const auto append = [&bytes](std::span<const std::byte> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  append(std::as_bytes(std::span(line)));
  append(std::as_bytes(std::span(header)));
  append(what.body);
  for (const auto& each : what.attachments) append(each);
  return bytes;
}

bundle decode_bundle(std::span<const std::byte> bytes) {
  std::string_view rest = as_text(bytes);
  const first_line line = read_first_line(rest);
  if (line.header > most_header || line.binary > bundle::most_bytes)
    throw bundle_error("it is larger than a bundle may be");
  const std::uint64_t announced = line.header + line.binary;
  if (rest.size() < announced)
    throw bundle_error("it is cut off: " + std::to_string(announced - rest.size()) +
                       " bytes are missing");
  if (rest.size() > announced)
    throw bundle_error(std::to_string(rest.size() - announced) + " bytes follow its end");
  if (crc32(bytes.last(rest.size())) != line.checksum)
    throw bundle_error("it is damaged: its checksum is another one");

  json::parse_options how;
  how.max_depth = most_depth;
  json::error_code failed;
  const json::value header =
      json::parse(rest.substr(0, static_cast<std::size_t>(line.header)), failed, {}, how);
  if (failed || !header.is_object()) throw bundle_error("its header is no JSON object");
  const fields from(header.get_object(), {});
  bundle what;
  read_header(from, what);
  read_arguments(from.object("arguments"), bytes.last(static_cast<std::size_t>(line.binary)), what);
  return what;
}

}  // namespace glovebox::core
