// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/detail/object_table.hpp>

#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(object_table_test)

using glovebox::detail::object_table;

/// Counts those that live; runs something when it dies.
struct thing {
  thing() { ++alive; }
  thing(const thing&) = delete;
  thing& operator=(const thing&) = delete;
  ~thing() {
    --alive;
    if (at_end) at_end();
  }
  int first_member = 0;
  std::function<void()> at_end;
  static inline int alive = 0;
};

constexpr std::string_view type = "thing";

std::uint64_t adopt(object_table& table, const std::shared_ptr<thing>& owner) {
  return table.adopt(owner.get(), type, owner, false);
}

bool is_stale(const object_table& table, std::uint64_t handle) {
  try {
    table.find(handle, type);
    return false;
  } catch (const std::logic_error& why) {
    // The handle is named, for whoever reads it in the parent.
    BOOST_TEST(std::string(why.what()).find("#" + std::to_string(handle)) != std::string::npos);
    return true;
  }
}

BOOST_AUTO_TEST_CASE(the_table_owns_what_it_adopts) {
  {
    object_table table;
    auto made = std::make_shared<thing>();
    thing* const address = made.get();
    const std::uint64_t handle = table.adopt(address, type, std::move(made), true);
    BOOST_TEST(handle != 0u);  // 0 on the wire is: no object
    BOOST_TEST(thing::alive == 1);
    BOOST_TEST(table.size() == 1u);
    const object_table::entry& entry = table.find(handle, type);
    BOOST_TEST(entry.address == address);
    BOOST_TEST(entry.constant);
    BOOST_TEST(entry.references == 1u);
    table.release(handle, 1);
    BOOST_TEST(thing::alive == 0);
    BOOST_TEST(table.size() == 0u);
    BOOST_TEST(is_stale(table, handle));
    adopt(table, std::make_shared<thing>());
    BOOST_TEST(thing::alive == 1);
  }
  BOOST_TEST(thing::alive == 0);
}

BOOST_AUTO_TEST_CASE(handles_that_do_not_exist) {
  object_table table;
  const std::uint64_t handle = adopt(table, std::make_shared<thing>());
  for (const std::uint64_t wrong : {std::uint64_t{0}, handle + 1, ~std::uint64_t{0}}) {
    BOOST_TEST(is_stale(table, wrong));
    table.release(wrong, 1);  // a parent that lies does no harm
  }
  BOOST_TEST(!is_stale(table, handle));
  BOOST_TEST(table.size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_object_is_of_its_type_only) {
  object_table table;
  const std::uint64_t handle = adopt(table, std::make_shared<thing>());
  try {
    table.find(handle, "other");
    BOOST_FAIL("found as another type");
  } catch (const std::logic_error& why) {
    const std::string text = why.what();
    BOOST_TEST(text.find("thing") != std::string::npos);
    BOOST_TEST(text.find("other") != std::string::npos);
  }
  // Types are compared by what they are called, wherever the name stands.
  const std::string elsewhere(type);
  BOOST_CHECK_NO_THROW(table.find(handle, elsewhere));
}

BOOST_AUTO_TEST_CASE(the_same_object_has_the_same_handle) {
  object_table table;
  const auto shared = std::make_shared<thing>();
  const std::uint64_t handle = adopt(table, shared);
  BOOST_TEST(adopt(table, shared) == handle);
  BOOST_TEST(table.refer(shared.get(), type, nullptr, false) == handle);
  BOOST_TEST(table.refer(shared.get(), type, shared, false) == handle);
  BOOST_TEST(table.size() == 1u);
  BOOST_TEST(table.find(handle, type).references == 4u);
  // Another object is another, and so is a part that lies at the same address.
  const auto second = std::make_shared<thing>();
  BOOST_TEST(adopt(table, second) != handle);
  const std::uint64_t part = table.refer(&shared->first_member, "int", shared, false);
  BOOST_TEST(static_cast<void*>(&shared->first_member) == static_cast<void*>(shared.get()));
  BOOST_TEST(part != handle);
  BOOST_TEST(table.find(part, "int").references == 1u);
}

BOOST_AUTO_TEST_CASE(releases_are_counted) {
  object_table table;
  const auto shared = std::make_shared<thing>();
  const std::uint64_t handle = adopt(table, shared);
  // The parent drops its proxy while a call that returns the object once more is under way: the
  // release of the first crosses the second's reply.
  BOOST_TEST(adopt(table, shared) == handle);
  table.release(handle, 1);
  BOOST_TEST(!is_stale(table, handle));
  BOOST_TEST(shared.use_count() == 2);
  for (int i = 0; i != 5; ++i) adopt(table, shared);
  table.release(handle, 0);
  BOOST_TEST(table.find(handle, type).references == 6u);
  table.release(handle, 4);
  BOOST_TEST(table.find(handle, type).references == 2u);
  table.release(handle, 2);
  BOOST_TEST(is_stale(table, handle));
  BOOST_TEST(shared.use_count() == 1);
  table.release(handle, 1);
  // More than there are is all.
  const std::uint64_t again = adopt(table, shared);
  BOOST_TEST(again != handle);
  table.release(again, ~std::uint64_t{0});
  BOOST_TEST(is_stale(table, again));
  BOOST_TEST(shared.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(handles_are_never_used_again) {
  object_table table;
  std::uint64_t last = 0;
  for (int i = 0; i != 1000; ++i) {
    const std::uint64_t handle = adopt(table, std::make_shared<thing>());
    BOOST_REQUIRE(handle > last);
    last = handle;
    table.release(handle, 1);
  }
  BOOST_TEST(thing::alive == 0);
}

BOOST_AUTO_TEST_CASE(an_address_used_again_is_another_object) {
  // The child keeps no owner of the first: it is referred to, destroyed, and another takes its
  // place.
  object_table table;
  alignas(thing) std::byte place[sizeof(thing)];
  const auto in_place = [&] {
    return std::shared_ptr<thing>(new (place) thing, [](thing* what) { what->~thing(); });
  };
  auto first = in_place();
  const std::uint64_t old = table.refer(first.get(), type, nullptr, false);
  first.reset();
  const std::uint64_t young = adopt(table, in_place());
  BOOST_TEST(young != old);
  BOOST_TEST(table.size() == 2u);
  // The address names the young one now; forgetting the old one changes nothing about that.
  table.release(old, 1);
  BOOST_TEST(thing::alive == 1);
  BOOST_TEST(table.refer(place, type, nullptr, false) == young);
  table.release(young, 2);
  BOOST_TEST(thing::alive == 0);
  BOOST_TEST(table.size() == 0u);
  // And after both nobody remembers the place.
  const auto third = in_place();
  const std::uint64_t handle = table.refer(third.get(), type, nullptr, false);
  BOOST_TEST(handle > young);
  BOOST_TEST(table.find(handle, type).references == 1u);
}

BOOST_AUTO_TEST_CASE(references_keep_what_they_depend_on) {
  object_table table;
  auto whole = std::make_shared<thing>();
  int* const part = &whole->first_member;
  const std::uint64_t handle = table.refer(part, "int", whole, false);
  whole.reset();
  BOOST_TEST(thing::alive == 1);
  table.release(handle, 1);
  BOOST_TEST(thing::alive == 0);
}

BOOST_AUTO_TEST_CASE(a_reference_seen_before_its_owner_keeps_the_owner_too) {
  object_table table;
  auto whole = std::make_shared<thing>();
  int* const part = &whole->first_member;
  const std::uint64_t handle = table.refer(part, "int", nullptr, false);
  BOOST_TEST(table.refer(part, "int", whole, false) == handle);
  whole.reset();
  BOOST_TEST(thing::alive == 1);
  table.release(handle, 1);
  BOOST_TEST(thing::alive == 1);
  table.release(handle, 1);
  BOOST_TEST(thing::alive == 0);
}

BOOST_AUTO_TEST_CASE(destructors_that_come_back) {
  object_table table;
  const std::uint64_t other = adopt(table, std::make_shared<thing>());
  auto made = std::make_shared<thing>();
  const std::weak_ptr<thing> watched = made;
  const std::uint64_t handle = adopt(table, made);
  std::uint64_t born = 0;
  made->at_end = [&, address = made.get()] {
    BOOST_TEST(is_stale(table, handle));
    BOOST_TEST(table.size() == 1u);
    const std::uint64_t still_here = table.refer(address, type, nullptr, false);
    BOOST_TEST(still_here != handle);
    table.release(still_here, 1);
    table.release(handle, 1);
    table.release(other, 1);
    // Enough to make the table move its entries.
    for (int i = 0; i != 1000; ++i) born = adopt(table, std::make_shared<thing>());
  };
  thing* const raw = made.get();
  made.reset();
  BOOST_TEST(table.find(handle, type).address == raw);
  table.release(handle, 1);
  BOOST_TEST(watched.expired());
  BOOST_TEST(is_stale(table, other));
  BOOST_TEST(!is_stale(table, born));
  BOOST_TEST(table.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(a_chain_of_owners_goes_at_once) {
  // Each keeps a handle's worth of the next in its destructor.
  object_table table;
  std::uint64_t next = adopt(table, std::make_shared<thing>());
  for (int i = 0; i != 100; ++i) {
    const auto made = std::make_shared<thing>();
    made->at_end = [&table, next] { table.release(next, 1); };
    next = adopt(table, made);
  }
  BOOST_TEST(thing::alive == 101);
  table.release(next, 1);
  BOOST_TEST(thing::alive == 0);
  BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_CASE(random_exports_and_releases) {
  for (const auto seed : glovebox::test::seeds(50)) {
    BOOST_TEST_CONTEXT("GLOVEBOX_TEST_SEED=" << seed) {
      glovebox::test::dice random(seed);
      object_table table;
      std::vector<std::shared_ptr<thing>> owners(20);
      std::map<std::uint64_t, std::uint64_t> references;  // what the parent holds
      std::map<thing*, std::uint64_t> named;
      for (int step = 0; step != 2000; ++step) {
        std::shared_ptr<thing>& owner = owners[random.below(owners.size())];
        switch (random.below(4)) {
          case 0:
            owner.reset();
            break;
          case 1:
          case 2: {
            if (!owner) owner = std::make_shared<thing>();
            const std::uint64_t handle = random.one_in(2)
                                             ? adopt(table, owner)
                                             : table.refer(owner.get(), type, owner, false);
            const auto known = named.find(owner.get());
            if (known != named.end())
              BOOST_REQUIRE(handle == known->second);
            else
              BOOST_REQUIRE(references.count(handle) == 0u);
            named[owner.get()] = handle;
            ++references[handle];
            break;
          }
          default: {
            const auto held = references.lower_bound(random.below(100));
            if (held == references.end()) break;
            const std::uint64_t count = 1 + random.below(held->second);
            table.release(held->first, count);
            held->second -= count;
            if (held->second != 0) break;
            std::erase_if(named, [&](const auto& each) { return each.second == held->first; });
            references.erase(held);
          }
        }
        BOOST_REQUIRE(table.size() == references.size());
      }
      for (const auto& [address, handle] : named)
        BOOST_REQUIRE(table.find(handle, type).address == address);
      owners.clear();
      BOOST_REQUIRE(static_cast<std::size_t>(thing::alive) == references.size());
    }
    BOOST_REQUIRE(thing::alive == 0);
  }
}

BOOST_AUTO_TEST_CASE(handles_of_a_copy) {
  object_table table;
  BOOST_TEST(table.last_handle() == 0u);
  const auto kept = std::make_shared<thing>();
  const std::uint64_t early = adopt(table, kept);
  const std::uint64_t gone = adopt(table, std::make_shared<thing>());
  table.release(gone, 1);
  BOOST_TEST(table.last_handle() == gone);
  table.continue_after(1000);
  BOOST_TEST(adopt(table, std::make_shared<thing>()) == 1001u);
  table.continue_after(5);  // none is ever used twice
  BOOST_TEST(table.last_handle() == 1001u);
  table.retain(early, 2);
  table.retain(gone, 2);
  table.release(early, 2);
  BOOST_TEST(!is_stale(table, early));
  BOOST_TEST(is_stale(table, gone));
  table.release(early, 1);
  BOOST_TEST(is_stale(table, early));
}

BOOST_AUTO_TEST_SUITE_END()
