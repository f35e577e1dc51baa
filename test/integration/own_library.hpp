// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include "integration/c_functions.hpp"
#include "integration/call_fixture.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <boost/test/unit_test.hpp>

namespace glovebox::test {

inline std::string built_library() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() /
         "integration/c_functions.so";
}

/// The tests' own library, in a child of its own.
struct own_library : one_child {
  library own = get(ctx.load_library(built_library(), asio::use_future));

  template <class Signature, class... A>
  auto call(std::string_view symbol, A&&... arguments) const {
    return get(own.call<Signature>(symbol, std::forward<A>(arguments)..., asio::use_future));
  }
};

/// The message of the std::runtime_error that a call ends with.
template <class Future>
std::string error_of_call(Future future) {
  try {
    get(std::move(future));
  } catch (const std::runtime_error& error) {
    BOOST_TEST(dynamic_cast<const remote_exception*>(&error) != nullptr);
    return error.what();
  }
  return "no error";
}
/// The message of the error that the call's arguments cannot be sent.
template <class Future>
std::string refused(Future future) {
  try {
    get(std::move(future));
  } catch (const codec_error& error) {
    return error.what();
  }
  return "no error";
}
inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace glovebox::test
