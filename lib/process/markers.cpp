// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/markers.hpp"

#include "transport/socket.hpp"

#include <charconv>
#include <string_view>
#include <system_error>

namespace glovebox::process {
namespace {

constexpr std::string_view server_prefix = "--glovebox-fork-server=";
constexpr std::string_view child_prefix = "--glovebox-child=";

std::optional<std::string_view> after(std::string_view prefix, int argc, const char* const* argv) {
  if (argc < 2 || argv[1] == nullptr) return std::nullopt;
  std::string_view argument = argv[1];
  if (!argument.starts_with(prefix)) return std::nullopt;
  argument.remove_prefix(prefix.size());
  return argument;
}

// Takes a number and what separates it from the next, if anything is left.
template <class T>
bool take_number(std::string_view& from, T& number) {
  const char* const last = from.data() + from.size();
  const auto [rest, error] = std::from_chars(from.data(), last, number);
  if (error != std::errc() || number < T{0}) return false;
  from.remove_prefix(static_cast<std::size_t>(rest - from.data()));
  if (from.empty()) return true;
  if (from.front() != ',') return false;
  from.remove_prefix(1);
  return !from.empty();
}

}  // namespace

std::string fork_server_argument(int control) {
  return std::string(server_prefix) + std::to_string(control);
}

std::string child_argument(const child_setup& setup) {
  return std::string(child_prefix) + std::to_string(setup.channel) + ',' +
         std::to_string(setup.recorder) + ',' + std::to_string(setup.memory_limit) + ',' +
         std::to_string(setup.descriptors.size());
}

std::optional<int> fork_server_marker(int argc, const char* const* argv) {
  auto text = after(server_prefix, argc, argv);
  int control = -1;
  if (!text || !take_number(*text, control) || !text->empty()) return std::nullopt;
  return control;
}

std::optional<child_setup> child_marker(int argc, const char* const* argv) {
  auto text = after(child_prefix, argc, argv);
  child_setup setup;
  std::size_t descriptors = 0;
  if (!text || !take_number(*text, setup.channel) || !take_number(*text, setup.recorder) ||
      !take_number(*text, setup.memory_limit) || !take_number(*text, descriptors) ||
      !text->empty() || descriptors > transport::max_descriptors) {
    return std::nullopt;
  }
  for (std::size_t i = 1; i <= descriptors; ++i)
    setup.descriptors.push_back(setup.recorder + static_cast<int>(i));
  setup.arguments.assign(argv + 2, argv + argc);
  return setup;
}

}  // namespace glovebox::process
