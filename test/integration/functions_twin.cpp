// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/functions_twin.hpp"

namespace glovebox::test {
namespace {

std::string who() {
  return "twin's function";
}

struct speaker {
  std::string speak() const { return "twin's member"; }
};

std::string call_lambda(const context& ctx) {
  return get(ctx.call([] { return std::string("twin's lambda"); }, asio::use_future));
}

std::string call_two_lambdas(const context& ctx) {
  auto first = ctx.call([](int n) { return n + 100; }, 1, asio::use_future);
  auto second = ctx.call([](int n) { return n + 200; }, 1, asio::use_future);
  return std::to_string(get(std::move(first))) + ' ' + std::to_string(get(std::move(second)));
}

}  // namespace

std::string twin::lambda(const context& ctx) {
  return call_lambda(ctx);
}
std::string twin::second_lambda(const context& ctx) {
  return call_two_lambdas(ctx);
}
std::string twin::named_function(const context& ctx) {
  return get(ctx.call<&who>(asio::use_future));
}
std::string twin::lambda_as_template_argument(const context& ctx) {
  return get(ctx.call<[] { return std::string("twin's template argument"); }>(asio::use_future));
}
std::string twin::member(const context& ctx) {
  const remote<speaker> object = get(ctx.make<speaker>(asio::use_future));
  return get(object.call<&speaker::speak>(asio::use_future));
}
std::string twin::shared(const context& ctx) {
  return get(ctx.call<&shared_by_both>(2, asio::use_future));
}

}  // namespace glovebox::test
