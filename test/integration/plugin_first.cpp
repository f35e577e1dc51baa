// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/plugin.hpp"

// Built twice, as two builds of one plug-in.
#ifdef CHANGED
#define FIRST "changed"
#else
#define FIRST "first"
#endif

namespace glovebox::test {
namespace {

struct speaker {
  std::string speak() const { return FIRST "'s object"; }
};

std::string call_lambda(const context& ctx) {
  return get(ctx.call([] { return std::string(FIRST "'s lambda"); }, asio::use_future));
}
std::string call_shared(const context& ctx) {
  return get(ctx.call<&shared_by_plugins>(1, asio::use_future));
}
std::string call_object(const context& ctx) {
  const auto object = get(ctx.make<speaker>(asio::use_future));
  return get(object.call<&speaker::speak>(asio::use_future));
}

}  // namespace
}  // namespace glovebox::test

const glovebox::test::plugin glovebox_test_plugin{
    &glovebox::test::call_lambda, &glovebox::test::call_shared, &glovebox::test::call_object};
