// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// What the compiler must say first of values that cannot travel: their type, and what to write. See
// support/expect_refused.py.
#include <glovebox/context.hpp>
#include <glovebox/proxy.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace glovebox;

// One each, since a mistake is told once for each type.
template <int>
struct plain {
  int x;
};
void take(plain<0>);
void take_many(const std::vector<plain<2>>&);
plain<9> give();
void call_with_plain(std::function<void(plain<4>)>);
void call_for_plain(std::function<plain<5>()>);

// Results of typed calls are no mistake: what does not travel stays in the child.
remote<plain<9>> stays(const context& child) {
  return child.call<&give>(asio::use_future).get();
}

void typed(const context& child, const remote<plain<3>>& object, std::vector<plain<2>> many) {
  child.call<&take>(plain<0>{1});            // refused: plain<0> + BOOST_DESCRIBE_STRUCT
  child.call([](plain<1>) {}, plain<1>{1});  // refused: plain<1> + glovebox::codec
  child.call<&take_many>(many);              // refused: vector<plain<2> + BOOST_DESCRIBE_STRUCT
  by_value(object);                          // refused: plain<3> + BOOST_DESCRIBE_STRUCT
  child.call<&call_with_plain>([](plain<4>) {});  // refused: plain<4> + BOOST_DESCRIBE_STRUCT
  child.call<&call_for_plain>([] { return plain<5>{1}; });  // refused: plain<5> + BOOST_DESCRIBE
}

void dynamic(const proxy& any, std::map<std::string, plain<21>> named) {
  any.call("f", plain<20>{1});                // refused: plain<20> + BOOST_DESCRIBE_STRUCT
  any.call("f", named);                       // refused: plain<21> + glovebox::codec
  any.call("f", keyword("x", plain<22>{1}));  // refused: plain<22> + BOOST_DESCRIBE_STRUCT
  any.set("x", plain<23>{1});                 // refused: plain<23> + BOOST_DESCRIBE_STRUCT
  any.call<plain<24>>("f");                   // refused: plain<24> + BOOST_DESCRIBE_STRUCT
  any.by_value<std::vector<plain<25>>>();     // refused: vector<plain<25> + BOOST_DESCRIBE_STRUCT
  any.iterate<plain<26>>();                   // refused: plain<26> + BOOST_DESCRIBE_STRUCT
}
