// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Objects inside dynamic values, and `value` itself.
#include "unit/codec_samples.hpp"
#include "unit/dynamic_messages.hpp"

#include <glovebox/remote.hpp>

#include <limits>
#include <map>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(dynamic_objects_test)

using namespace glovebox;
using namespace glovebox::test;
using namespace std::string_literals;

struct node {
  int number = 0;
  virtual ~node() = default;
};
struct leaf : node {};
struct flat {};

/// A child whose objects are known by their address.
class child_port : public detail::object_port {
 public:
  detail::held_address resolve(std::uint64_t handle, std::string_view wanted) override {
    const auto found = objects.find(handle);
    if (found == objects.end()) throw std::logic_error("no such object");
    if (found->second.type != wanted) throw std::logic_error("another type");
    return {found->second.address, found->second.owner, found->second.constant};
  }
  detail::named_object share(const detail::shared_object& object) override {
    const std::uint64_t handle = objects.size() + 1;
    objects[handle] = object;
    return {handle, "object", object.type};
  }
  std::shared_ptr<const detail::object_reference> adopt(std::uint64_t handle) override {
    return std::make_shared<const detail::object_reference>(nullptr, handle);
  }
  std::uint64_t handle_of(const std::shared_ptr<const detail::object_reference>& of) override {
    return of->handle;
  }
  std::shared_ptr<const detail::object_reference> hold(
      const detail::shared_object& object) override {
    return adopt(share(object).handle);
  }
  detail::held_address resolve_held(const detail::object_reference& object,
                                    std::string_view wanted) override {
    return resolve(object.handle, wanted);
  }
  std::map<std::uint64_t, detail::shared_object> objects;
};

/// A parent that holds whatever it is told of.
class parent_port : public detail::object_port {
 public:
  std::uint64_t handle_of(const std::shared_ptr<const detail::object_reference>& of) override {
    if (of->handle > 1000) throw std::logic_error("an object of another context");
    return of->handle;
  }
  std::shared_ptr<const detail::object_reference> adopt(std::uint64_t handle) override {
    auto& there = adopted[handle];
    if (!there) there = std::make_shared<const detail::object_reference>(nullptr, handle);
    return there;
  }
  std::map<std::uint64_t, std::shared_ptr<const detail::object_reference>> adopted;
};

template <class T>
T through(const json_message& from, detail::object_port& port) {
  return read_back<T>(from, {}, true, &port);
}

BOOST_AUTO_TEST_SUITE(objects)

BOOST_AUTO_TEST_CASE(pointers_in_containers_are_the_objects_themselves) {
  child_port child;
  const auto first = std::make_shared<node>();
  const auto second = std::make_shared<node>();
  const std::vector<std::shared_ptr<node>> all{first, nullptr, second};
  const json_message sent = written(all, {}, &child);
  BOOST_TEST(sent.text().find("{\"$ref\":1,\"kind\":\"object\",\"type\":\"") != std::string::npos);
  BOOST_TEST((through<std::vector<std::shared_ptr<node>>>(sent, child) == all));
  BOOST_TEST((through<std::vector<node*>>(sent, child) ==
              std::vector<node*>{first.get(), nullptr, second.get()}));
  BOOST_TEST(first.use_count() == 3);  // first, all and the port
  const auto handles = detail::references_in(sent.body.view());
  BOOST_TEST((handles == std::vector<std::uint64_t>{1, 2}));
}

BOOST_AUTO_TEST_CASE(what_a_pointer_is_known_of) {
  child_port child;
  leaf it;
  const node* const as_base = &it;
  written(as_base, {}, &child);
  BOOST_TEST(child.objects.at(1).constant);
  BOOST_TEST(child.objects.at(1).address == &it);
  BOOST_TEST((*child.objects.at(1).actual == typeid(leaf)));
  BOOST_TEST(child.objects.at(1).whole == static_cast<void*>(&it));
  BOOST_TEST(!child.objects.at(1).owner);
  BOOST_TEST(complaint([&] { read_back<node*>("{\"$ref\":1}", {}, {}, true, &child); }) ==
             "args[0]: the object is constant, and the function may change it");
  BOOST_TEST(read_back<const node*>("{\"$ref\":1}", {}, {}, true, &child) == as_base);
  written(std::make_unique<flat>(), {}, &child);
  BOOST_TEST(child.objects.at(2).owner);
  BOOST_TEST(!child.objects.at(2).actual);
  const auto mine = std::make_unique<flat>();
  written(mine, {}, &child);
  BOOST_TEST(!child.objects.at(3).owner);
}

BOOST_AUTO_TEST_CASE(refused) {
  child_port child;
  node it;
  written(&it, {}, &child);
  BOOST_TEST(complaint([&] { read_back<flat*>("{\"$ref\":1}", {}, {}, true, &child); }) ==
             "args[0]: another type");
  BOOST_TEST(complaint([&] { read_back<node*>("{\"$ref\":9}", {}, {}, true, &child); }) ==
             "args[0]: no such object");
  BOOST_TEST(complaint([&] { read_back<node*>("5", {}, {}, true, &child); }) ==
             "args[0]: expected an object, not an integer");
  BOOST_TEST(complaint([&] { read_back<node*>("{\"$ref\":1}"); }) ==
             "args[0]: objects cannot travel here");
  BOOST_TEST(complaint([&] { written(&it); }) == "args[0]: objects cannot travel here");
  parent_port parent;
  BOOST_TEST(complaint([&] { read_back<node*>("{\"$ref\":1}", {}, {}, true, &parent); }) ==
             "args[0]: pointers to objects can only be read in a child");
  BOOST_TEST(complaint([&] { written(&it, {}, &parent); }) ==
             "args[0]: pointers to objects can only be written in a child");
}

BOOST_AUTO_TEST_CASE(remotes) {
  parent_port parent;
  const auto got = read_back<std::vector<remote<node>>>(R"([{"$ref":7,"kind":"object"},null])", {},
                                                        {}, true, &parent);
  BOOST_TEST(got.at(0).handle() == 7u);
  BOOST_TEST(!got.at(1));
  BOOST_TEST(written(got, {}, &parent).text() == R"([{"$ref":7},null])");
  const auto far =
      remote<node>::adopt(std::make_shared<const detail::object_reference>(nullptr, 1001));
  BOOST_TEST(complaint([&] { written(std::tuple(1, far), {}, &parent); }) ==
             "args[0][1]: an object of another context");
}

BOOST_AUTO_TEST_CASE(references_are_found_where_they_are) {
  const auto found = [](std::string_view json) {
    return detail::references_in(std::as_bytes(std::span(json)));
  };
  using handles = std::vector<std::uint64_t>;
  BOOST_TEST(
      (found(R"([{"$ref":1},{"a":{"$ref":22,"kind":"x"}},{"$ref":1}])") == handles{1, 22, 1}));
  BOOST_TEST(found(written(std::string("{\"$ref\":1}")).text()).empty());
  BOOST_TEST(found(written(std::map<std::string, int>{{"$ref", 1}}).text()).empty());
  BOOST_TEST(found("{\"$ref\":").empty());
  BOOST_TEST(found("{\"$ref\":99999999999999999999999}").empty());
}

BOOST_AUTO_TEST_CASE(inside_a_value) {
  parent_port parent;
  const auto got = read_back<value>(
      R"([{"$ref":7,"kind":"object","type":"node"},{"a":{"$ref":8}}])", {}, {}, true, &parent);
  BOOST_TEST(got[0].is_object());
  BOOST_TEST(got[0].object_type() == "node");
  BOOST_TEST(got[0].object_kind() == "object");
  BOOST_TEST(got[0].reference()->handle == 7u);
  BOOST_TEST(got[0].as<remote<node>>().handle() == 7u);
  BOOST_TEST(got[1]["a"].as<remote<node>>().reference() == parent.adopted.at(8));
  BOOST_TEST((got[0] == got[0]));
  BOOST_TEST((got[0] != got[1]["a"]));
  BOOST_TEST(written(got, {}, &parent).text() ==
             R"([{"$ref":7,"kind":"object","type":"node"},{"a":{"$ref":8}}])");
  BOOST_TEST(value(got[0].as<remote<node>>()).reference() == got[0].reference());
  BOOST_TEST(got.to_json() == written(got, {}, &parent).text());
}

BOOST_AUTO_TEST_CASE(inside_a_value_in_the_child) {
  child_port child;
  const auto it = std::make_shared<node>();
  // Outside of all calls there are no objects to speak of.
  BOOST_CHECK_THROW(value{it}, codec_error);
  const detail::object_port::installed here(child);
  const value holds(std::vector{it});
  BOOST_TEST(holds[0].is_object());
  BOOST_TEST(holds[0].as<std::shared_ptr<node>>() == it);
  BOOST_TEST(holds.as<std::vector<node*>>().at(0) == it.get());
  BOOST_CHECK_THROW(holds[0].as<flat*>(), codec_error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(kinds) {
  BOOST_TEST(value().is_null());
  BOOST_TEST(value(nullptr).is_null());
  BOOST_TEST(value(true).is_bool());
  BOOST_TEST(value(5).is_integer());
  BOOST_TEST(value(~std::uint64_t{0}).is_integer());
  BOOST_TEST(value(5.0).is_real());
  BOOST_TEST(value(5.0f).is_real());
  BOOST_TEST(value("text").is_text());
  BOOST_TEST(value('c').is_text());
  BOOST_TEST(value(std::u16string(u"text")).is_text());
  BOOST_TEST(value(std::vector<std::byte>(3)).is_bytes());
  BOOST_TEST(value(std::vector{1, 2}).is_list());
  BOOST_TEST(value(point{}).is_dict());
  BOOST_TEST(value(std::map<int, int>{{1, 2}}).is_map());
  BOOST_TEST((value(std::chrono::seconds(1)).type() == value::kind::other));
  BOOST_TEST((value(std::variant<int, double>(1.0)).is_real()));
  BOOST_TEST((value(std::numeric_limits<long double>::max()).is_real()));
  BOOST_TEST((value(static_cast<detail::uint128>(-1)).is_integer()));
}

BOOST_AUTO_TEST_CASE(parts) {
  const value all(std::tuple(1, "two"s, point{3, 4}, std::map<int, std::string>{{5, "six"}}));
  BOOST_TEST(all.size() == 4u);
  BOOST_TEST(all[0].as<int>() == 1);
  BOOST_TEST(all[1].as<std::string>() == "two");
  BOOST_TEST(all[2]["y"].as<double>() == 4.0);
  BOOST_TEST(all[2].contains("x"));
  BOOST_TEST(!all[2].contains("z"));
  BOOST_TEST(all[3].items().at(0).first.as<int>() == 5);
  BOOST_TEST(all[3].items().at(0).second.as<std::string>() == "six");
  BOOST_TEST(all[2].items().at(1).first.as<std::string>() == "y");
  BOOST_CHECK_THROW(all[4], std::out_of_range);
  BOOST_CHECK_THROW(all[-1], std::out_of_range);
  BOOST_CHECK_THROW(all[2]["z"], std::out_of_range);
  BOOST_TEST(complaint([&] { all[0][0]; }) == "expected a list, not an integer");
  BOOST_TEST(complaint([&] { all[1]["x"]; }) == "expected a dict, not text");
  BOOST_TEST(complaint([&] { all.items(); }) == "expected a dict or map, not a list");
  int count = 0;
  for (const value& each : all) count += each.is_null() ? 0 : 1;
  BOOST_TEST(count == 4);
  for (const value& each : all[2]) BOOST_ERROR(each.to_json());
}

BOOST_AUTO_TEST_CASE(contiguous_numbers) {
  const std::vector<double> numbers(10'000, 0.5);
  const value held(numbers);
  BOOST_TEST(held.is_list());
  BOOST_TEST(held.size() == 10'000u);
  BOOST_TEST(held[9'999].as<double>() == 0.5);
  BOOST_TEST((held.as<std::vector<double>>() == numbers));
  BOOST_TEST((held == value(std::list<double>(10'000, 0.5))));
  BOOST_TEST((held != value(std::list<double>(10'000, 0.25))));
  BOOST_TEST(held.to_json().size() == 40'001u);
}

BOOST_AUTO_TEST_CASE(as_says_what_it_is) {
  BOOST_TEST(complaint([] { value(5.5).as<int>(); }) ==
             "expected an integer, not a floating-point number");
  BOOST_TEST(complaint([] { value("x").as<int>(); }) == "expected an integer, not text");
  BOOST_TEST(complaint([] { value(std::vector{1}).as<std::vector<std::string>>(); }) ==
             "[0]: expected text, not an integer");
  BOOST_TEST(complaint([] { value().as<int>(); }) == "expected an integer, not null");
  BOOST_TEST(value(5).as<double>() == 5.0);
  BOOST_TEST((value(5).as<value>() == value(5)));
  BOOST_TEST((value().as<std::optional<int>>() == std::nullopt));
}

BOOST_AUTO_TEST_CASE(equality) {
  const std::map<std::string, int> one{{"a", 1}, {"b", 2}};
  BOOST_TEST((value(one) == read_back<value>(R"({"b":2,"a":1})")));
  BOOST_TEST((value(one) != read_back<value>(R"({"b":2,"a":2})")));
  BOOST_TEST((value(one) != read_back<value>(R"({"b":2})")));
  BOOST_TEST((value(1) == value(1u)));
  BOOST_TEST((value(-1) != value(~std::uint64_t{0})));
  BOOST_TEST((value(1) != value(1.0)));
  BOOST_TEST((value("1") != value(1)));
  BOOST_TEST((value() == value(nullptr)));
  BOOST_TEST((value(std::numeric_limits<double>::quiet_NaN()) !=
              value(std::numeric_limits<double>::quiet_NaN())));
  BOOST_TEST((value(std::variant<int, double>(1)) == value(1)));
  BOOST_TEST(
      (value(std::map<int, int>{{1, 2}, {3, 4}}) == read_back<value>(R"({"$m":[[3,4],[1,2]]})")));
  BOOST_TEST((value(std::chrono::seconds(1)) == value(std::chrono::seconds(1))));
  BOOST_TEST((value(std::chrono::seconds(1)) != value(std::chrono::seconds(2))));
  BOOST_TEST((value(ticket(1)) == value(ticket(1))));
  BOOST_TEST((value(ticket(1)) != value(ticket(2))));
}

BOOST_AUTO_TEST_CASE(text_for_people) {
  BOOST_TEST(value(std::tuple(1, 2.5, "x"s, nullptr, true)).to_json() ==
             R"([1,2.5,"x",null,true])");
  BOOST_TEST(value(point{1, 2}).to_json() == R"({"x":1.0,"y":2.0})");
  BOOST_TEST(value(std::string(20'000, 'x')).to_json().size() == 20'002u);
}

BOOST_AUTO_TEST_CASE(built_from_parts) {
  std::map<std::string, value> parts;
  parts["list"] = std::vector<value>{1, 2.0, "three", nullptr};
  parts["point"] = point{1, 2};
  const value whole(parts);
  BOOST_TEST(whole.to_json() == R"({"list":[1,2.0,"three",null],"point":{"x":1.0,"y":2.0}})");
  using typed = std::map<std::string, std::variant<std::vector<value>, point>>;
  BOOST_TEST(whole.as<typed>().at("point").index() == 1u);
  value deep;
  for (int i = 0; i != 1000; ++i) {
    try {
      deep = std::vector{deep};
    } catch (const codec_error& why) {
      BOOST_TEST(std::string(why.what()).ends_with("(limits.depth)"));
      BOOST_TEST(i > 400);
      return;
    }
  }
  BOOST_ERROR("a value without a bottom");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
