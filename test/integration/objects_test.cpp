// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "integration/call_fixture.hpp"
#include "integration/gate.hpp"
#include "unit/codec_samples.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(objects_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;

// ---- objects that count themselves, in the child

std::atomic<int> parts_alive{0};
std::atomic<int> parts_made{0};

struct part {
  explicit part(int number = 0) : id(number) {
    ++parts_alive;
    ++parts_made;
  }
  part(const part& other) : id(other.id) {
    ++parts_alive;
    ++parts_made;
  }
  part& operator=(const part&) = default;
  virtual ~part() { --parts_alive; }
  int id;
};
struct special_part : part {
  using part::part;
};

class machine {
 public:
  machine() : parts_(3), shared_(std::make_shared<part>(7)), own_(std::make_unique<part>(8)) {
    for (int i = 0; i != 3; ++i) parts_[static_cast<std::size_t>(i)].id = i;
  }
  part& at(int i) { return parts_.at(static_cast<std::size_t>(i)); }
  const part& read(int i) const { return parts_.at(static_cast<std::size_t>(i)); }
  part* find(int i) { return i < 3 ? &parts_[static_cast<std::size_t>(i)] : nullptr; }
  const part* find_const(int i) const {
    return i < 3 ? &parts_[static_cast<std::size_t>(i)] : nullptr;
  }
  std::unique_ptr<part> make(int id) const { return id < 0 ? nullptr : std::make_unique<part>(id); }
  std::unique_ptr<part> make_special() const { return std::make_unique<special_part>(99); }
  std::shared_ptr<part> shared() const { return shared_; }
  const std::shared_ptr<part>& shared_reference() const { return shared_; }
  std::shared_ptr<const part> shared_const() const { return shared_; }
  std::shared_ptr<part> none() const { return nullptr; }
  const std::unique_ptr<part>& own() const { return own_; }
  part copy(int i) const { return parts_.at(static_cast<std::size_t>(i)); }
  machine& me() { return *this; }
  machine* me_too() { return this; }
  const char* name() const { return "machine"; }
  const char* no_name() const { return nullptr; }
  std::string& label() { return label_; }
  void take(std::shared_ptr<part> given) { shared_ = std::move(given); }
  void forget() { shared_.reset(); }

 private:
  std::vector<part> parts_;
  std::shared_ptr<part> shared_;
  std::unique_ptr<part> own_;
  std::string label_ = "label";
};

struct with_machine : one_child {
  remote<machine> m = get(ctx.make<machine>(use_future));
  template <class T>
  int id(const remote<T>& of) const {
    return get(of.template call<&part::id>(use_future));
  }
  int alive() const {
    return get(ctx.call([] { return parts_alive.load(); }, use_future));
  }
  // Releases reach the child some time after the handle is gone, before a later call.
  void expect_alive(int wanted) const {
    const auto limit = std::chrono::steady_clock::now() + hard_limit;
    while (alive() != wanted && std::chrono::steady_clock::now() < limit) {
    }
    BOOST_TEST(alive() == wanted);
  }
};

template <class Expected, class Future>
void fails(Future call, const std::string& message) {
  try {
    get(std::move(call));
    BOOST_ERROR("no error, but expected: " << message);
  } catch (const Expected& error) {
    BOOST_TEST(std::string(error.what()).find(message) != std::string::npos, error.what());
  }
}

BOOST_FIXTURE_TEST_SUITE(results, with_machine)

BOOST_AUTO_TEST_CASE(row_02_state_stays_in_the_child) {
  const remote<part> first = get(m.call<&machine::at>(0, use_future));
  get(first.call([](part& p) { p.id = 55; }, use_future));
  BOOST_TEST(id(first) == 55);
  BOOST_TEST(id(get(m.call<&machine::at>(0, use_future))) == 55);
  BOOST_TEST(parts_made == 0);  // nothing of it happened here
  const remote<machine> other = get(ctx.make<machine>(use_future));
  BOOST_TEST(id(get(other.call<&machine::at>(0, use_future))) == 0);
}

BOOST_AUTO_TEST_CASE(row_02_a_method_that_returns_itself) {
  BOOST_TEST((get(m.call<&machine::me>(use_future)) == m));
  BOOST_TEST((get(m.call<&machine::me_too>(use_future)) == m));
  const remote<machine> chained =
      get(get(m.call<&machine::me>(use_future)).call<&machine::me>(use_future));
  BOOST_TEST((chained == m));
  BOOST_TEST((!(get(ctx.make<machine>(use_future)) == m)));
}

BOOST_AUTO_TEST_CASE(references_and_pointers) {
  const remote<part> reference = get(m.call<&machine::at>(1, use_future));
  const remote<part> pointer = get(m.call<&machine::find>(1, use_future));
  const remote<const part> read = get(m.call<&machine::read>(1, use_future));
  const remote<const part> found = get(m.call<&machine::find_const>(1, use_future));
  BOOST_TEST(id(reference) == 1);
  BOOST_TEST(id(read) == 1);
  BOOST_TEST((reference == pointer));
  BOOST_TEST((read == found));
  BOOST_TEST((read == reference));
  BOOST_TEST((!(reference == get(m.call<&machine::at>(2, use_future)))));
}

BOOST_AUTO_TEST_CASE(null_pointers_are_empty) {
  BOOST_TEST(!get(m.call<&machine::find>(3, use_future)));
  BOOST_TEST(!get(m.call<&machine::find_const>(3, use_future)));
  BOOST_TEST(!get(m.call<&machine::make>(-1, use_future)));
  BOOST_TEST(!get(m.call<&machine::none>(use_future)));
  BOOST_TEST((get(m.call<&machine::none>(use_future)) == remote<part>()));
}

BOOST_AUTO_TEST_CASE(smart_pointers) {
  const remote<part> own = get(m.call<&machine::make>(5, use_future));
  BOOST_TEST(id(own) == 5);
  BOOST_TEST(id(get(m.call<&machine::make_special>(use_future))) == 99);
  const remote<part> shared = get(m.call<&machine::shared>(use_future));
  BOOST_TEST(id(shared) == 7);
  BOOST_TEST((get(m.call<&machine::shared>(use_future)) == shared));
  BOOST_TEST((get(m.call<&machine::shared_reference>(use_future)) == shared));
  BOOST_TEST((get(m.call<&machine::shared_const>(use_future)) == remote<const part>(shared)));
  const remote<part> kept = get(m.call<&machine::own>(use_future));
  BOOST_TEST(id(kept) == 8);
  BOOST_TEST((get(m.call<&machine::own>(use_future)) == kept));
}

BOOST_AUTO_TEST_CASE(classes_that_do_not_travel_stay) {
  const remote<part> copy = get(m.call<&machine::copy>(2, use_future));
  BOOST_TEST(id(copy) == 2);
  BOOST_TEST((!(copy == get(m.call<&machine::at>(2, use_future)))));
}

BOOST_AUTO_TEST_CASE(strings) {
  BOOST_TEST(get(m.call<&machine::name>(use_future)) == "machine");
  BOOST_TEST(get(m.call<&machine::label>(use_future)) == "label");
  fails<std::runtime_error>(m.call<&machine::no_name>(use_future), "null pointer");
}

// ---- life

BOOST_AUTO_TEST_CASE(the_last_handle_destroys) {
  const int before = alive();
  BOOST_TEST(before == 5);
  {
    const remote<part> a = get(m.call<&machine::make>(5, use_future));
    const remote<part> b = a;
    const remote<part> c = get(ctx.make<part>(6, use_future));
    BOOST_TEST(alive() == before + 2);
    { const remote<part> d = c; }
    BOOST_TEST(id(c) == 6);
  }
  expect_alive(before);
  m = {};
  expect_alive(0);
}

BOOST_AUTO_TEST_CASE(handed_out_again_while_its_release_is_on_the_way) {
  for (int i = 0; i != 200; ++i) {
    remote<part> shared = get(m.call<&machine::shared>(use_future));
    auto again = m.call<&machine::shared>(use_future);
    shared = {};
    BOOST_TEST(id(get(std::move(again))) == 7);
  }
  expect_alive(5);
}

BOOST_AUTO_TEST_CASE(references_keep_their_owner) {
  const remote<part> inside = get(m.call<&machine::at>(2, use_future));
  const remote<part> held = get(m.call<&machine::own>(use_future));
  m = {};
  BOOST_TEST(id(inside) == 2);
  BOOST_TEST(id(held) == 8);
  BOOST_TEST(alive() == 5);
}

BOOST_AUTO_TEST_CASE(references_keep_every_object_they_may_come_from) {
  remote<machine> other = get(ctx.make<machine>(use_future));
  const auto of_second = [](machine&, machine& b) -> part& { return b.at(1); };
  const remote<part> inside = get(ctx.call(of_second, m, other, use_future));
  other = {};
  m = {};
  BOOST_TEST(id(inside) == 1);
  BOOST_TEST(alive() == 10);
}

BOOST_AUTO_TEST_CASE(shared_objects_live_while_either_side_holds_them) {
  remote<part> shared = get(m.call<&machine::shared>(use_future));
  get(m.call<&machine::forget>(use_future));
  BOOST_TEST(alive() == 5);
  BOOST_TEST(id(shared) == 7);
  get(m.call<&machine::take>(shared, use_future));
  shared = {};
  BOOST_TEST(id(get(m.call<&machine::shared>(use_future))) == 7);
  BOOST_TEST(alive() == 5);
  get(m.call<&machine::forget>(use_future));
  expect_alive(4);
}

BOOST_AUTO_TEST_CASE(arguments_are_kept_until_the_call_has_run) {
  auto call =
      ctx.call([](const part& p) { return p.id; }, get(ctx.make<part>(31, use_future)), use_future);
  BOOST_TEST(get(std::move(call)) == 31);
  expect_alive(5);
}

BOOST_AUTO_TEST_SUITE_END()

// ---- row 16

std::vector<std::string> list_of(int size) {
  return std::vector<std::string>(size, "item");
}
struct shelf {
  settings inside;
};

BOOST_FIXTURE_TEST_SUITE(by_value_copies, one_child)

BOOST_AUTO_TEST_CASE(row_16_containers) {
  const auto list = get(ctx.make<std::vector<std::string>>(3, "item", use_future));
  std::vector<std::string> copy = get(by_value(list, use_future));
  BOOST_TEST((copy == list_of(3)));
  copy[0] = "changed here";
  get(list.call([](std::vector<std::string>& l) { l[1] = "changed there"; }, use_future));
  BOOST_TEST((copy == std::vector<std::string>{"changed here", "item", "item"}));
  const auto now = get(by_value(list, use_future));
  BOOST_TEST((now == std::vector<std::string>{"item", "changed there", "item"}));
}

BOOST_AUTO_TEST_CASE(row_16_described_classes) {
  const auto object = get(ctx.make<settings>(use_future));
  get(object.call(
      [](settings& s) {
        s.name = "there";
        s.level = 4;
      },
      use_future));
  settings copy = get(by_value(object, use_future));
  BOOST_TEST(copy.name == "there");
  BOOST_TEST((copy.level == 4));
  copy.name = "here";
  BOOST_TEST(get(object.call<&settings::name>(use_future)) == "there");
  const auto inner = get(ctx.make<shelf>(use_future));
  // A member that travels is copied, too.
  const settings member = get(inner.call<&shelf::inside>(use_future));
  BOOST_TEST(member.name == "");
}

BOOST_AUTO_TEST_CASE(row_16_what_can_only_be_moved) {
  const auto object = get(ctx.make<booking>(use_future));
  get(object.call([](booking& b) { b.seat = ticket(6); }, use_future));
  BOOST_TEST(get(by_value(object, use_future)).seat.number() == 6);
  BOOST_TEST(get(by_value(object, use_future)).seat.number() == 6);
}

BOOST_AUTO_TEST_CASE(row_16_read_only_objects) {
  const remote<const settings> read = get(ctx.make<settings>(use_future));
  BOOST_TEST((get(by_value(read, use_future)).level == std::nullopt));
}

BOOST_AUTO_TEST_CASE(row_16_errors) {
  const auto deep = get(ctx.make<tree>(use_future));
  get(deep.call([](tree& t) { t = chain(100); }, use_future));
  fails<std::system_error>(by_value(deep, use_future), "result.children[0]");
  fails<state_error>(by_value(remote<settings>(), use_future), "empty");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
