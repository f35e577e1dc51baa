// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "client/request_text.hpp"
#include "core/checksum.hpp"
#include "core/readable.hpp"
#include "runtime/host_object.hpp"

#include <glovebox/detail/stub_node.hpp>
#include <glovebox/dynamic/json_reader.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::client {
namespace {

constexpr std::size_t longest_arguments = 300;

// Whether the first argument names what is operated on.
bool begins_with_name(op what) noexcept {
  return what == op::call_method || what == op::get || what == op::set || what == op::has ||
         what == op::del;
}

std::vector<std::span<const std::byte>> attached(const detail::request& what) {
  std::vector<std::span<const std::byte>> attachments;
  for (const attachment& each : what.attachments) attachments.push_back(each.bytes);
  return attachments;
}

// `7, "text", threshold=0.5`: what a dynamic operation carries, as its caller has written it.
std::string dynamic_arguments(std::string_view body, bool named_first) {
  namespace json = boost::json;
  const json::value parsed = json::parse(json::string_view(body.data(), body.size()));
  const json::object* const named = parsed.if_object();
  const json::array& positional = named ? named->at("args").as_array() : parsed.as_array();
  std::string text;
  const auto add = [&text](const json::value& argument, std::string_view name) {
    if (!text.empty()) text += ", ";
    if (!name.empty()) text.append(name) += '=';
    text += json::serialize(argument);
  };
  for (const json::value& each : positional)
    if (!named_first || &each != positional.begin()) add(each, {});
  if (named)
    for (const auto& [name, argument] : named->at("kwargs").as_object()) add(argument, name);
  return text;
}

// `["name", ...]`, or `{"args":["name", ...],"kwargs":{...}}`.
std::string first_argument(const detail::request& what) {
  try {
    const std::span<const std::byte> json = what.body.view();
    const auto list = std::find(json.begin(), json.end(), std::byte{'['});
    const auto attachments = attached(what);
    json_reader in(json.subspan(static_cast<std::size_t>(list - json.begin()) + 1), attachments);
    return in.string();
  } catch (...) {
    return "(not printable)";
  }
}

std::string arguments_of(detail::request& what) {
  std::string text;
  try {
    if (what.stub) {
      const auto attachments = attached(what);
      decoder in(what.body.view(), attachments);
      in.only_describe();
      text = what.stub->describe(in);
    } else {
      text.assign(reinterpret_cast<const char*>(what.body.data()), what.body.size());
      constexpr std::size_t worth_parsing = 64 * 1024;
      if (text.size() <= worth_parsing)
        text = dynamic_arguments(text, begins_with_name(what.operation));
    }
  } catch (...) {
    text = "(not printable)";
  }
  return text;
}

// Of large arguments both ends: a crash must not hold the parent up.
std::uint32_t checksum_of(std::span<const std::byte> bytes, std::uint32_t before) {
  constexpr std::size_t both_ends = 64 * 1024;
  if (bytes.size() <= both_ends) return core::crc32(bytes, before);
  return core::crc32(bytes.last(both_ends / 2), core::crc32(bytes.first(both_ends / 2), before));
}

}  // namespace

void describe_arguments(detail::request& what, termination& to) {
  to.arguments = arguments_of(what);
  if (to.arguments.size() > longest_arguments) {
    constexpr std::size_t end = 60;
    to.arguments = to.arguments.substr(0, longest_arguments - end) + " ... " +
                   to.arguments.substr(to.arguments.size() - end);
  }
  std::uint64_t size = what.body.size();
  for (const attachment& each : what.attachments) size += each.bytes.size();
  // The description of a long text or a range has left out parts of it already.
  if (size <= longest_arguments) return;
  std::uint32_t sum = checksum_of(what.body.view(), 0);
  for (const attachment& each : what.attachments) sum = checksum_of(each.bytes, sum);
  to.arguments_digest = std::to_string(size) + " bytes, CRC-32 " + core::hex(sum);
}

}  // namespace glovebox::client

namespace glovebox::detail {

std::string request::name() const {
  if (stub) return std::string(stub->name);
  if (client::begins_with_name(operation)) return client::first_argument(*this);
  return operation == op::call ? "the object" : std::string(runtime::name_of(operation));
}

}  // namespace glovebox::detail
