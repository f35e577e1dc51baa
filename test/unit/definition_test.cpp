// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/definition.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

BOOST_AUTO_TEST_SUITE(definition_test)

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::attachment;
using glovebox::byte_buffer;
using glovebox::codec_error;
using glovebox::decoder;
using glovebox::encoder;

byte_buffer written(const definition& what) {
  byte_buffer body;
  std::vector<attachment> attachments;
  encoder out(body, attachments);
  encode(out, what);
  // The frame of a definition has none.
  BOOST_REQUIRE(attachments.empty());
  return body;
}

definition read(view body) {
  decoder in(body, {});
  return decode_definition(in);
}

definition sample() {
  definition what;
  what.module = {module_identity::source::code_hash, std::string("\0\1\xff\x7f", 4)};
  what.offset = 0x1122334455667788;
  what.path = "/somewhere/lib\xff.so";
  what.name = "decode<std::string>";
  return what;
}

bool equal(const definition& a, const definition& b) {
  return a.module == b.module && a.offset == b.offset && a.path == b.path && a.name == b.name;
}

BOOST_AUTO_TEST_CASE(definitions_come_back) {
  BOOST_TEST(equal(read(written(sample()).view()), sample()));
  BOOST_TEST(equal(read(written({}).view()), definition{}));
}

BOOST_AUTO_TEST_CASE(names_without_end_are_cut) {
  definition what = sample();
  what.name.assign(100'000, 'n');
  const definition got = read(written(what).view());
  BOOST_TEST(got.name == std::string(got.name.size(), 'n'));
  BOOST_TEST(got.name.size() >= 1000u);
  BOOST_TEST(got.path == what.path);
  BOOST_TEST(got.offset == what.offset);
}

BOOST_AUTO_TEST_CASE(identities_differ_by_kind_and_bytes) {
  const module_identity one{module_identity::source::build_id, "abc"};
  BOOST_TEST((one == module_identity{module_identity::source::build_id, "abc"}));
  BOOST_TEST(!(one == module_identity{module_identity::source::code_hash, "abc"}));
  BOOST_TEST(!(one == module_identity{module_identity::source::build_id, "abd"}));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const byte_buffer whole = written(sample());
  for (std::size_t size = 0; size != whole.size(); ++size) {
    const bytes part(whole.data(), whole.data() + size);
    BOOST_CHECK_THROW(read(part), codec_error);
  }
  byte_buffer longer = whole;
  longer.append("", 1);
  BOOST_CHECK_THROW(read(longer.view()), codec_error);
}

BOOST_AUTO_TEST_CASE(every_byte_flipped) {
  const byte_buffer whole = written(sample());
  std::size_t refused = 0;
  for (std::size_t i = 0; i != whole.size(); ++i) {
    for (unsigned value = 0; value != 256; ++value) {
      bytes changed(whole.view().begin(), whole.view().end());
      changed[i] = static_cast<std::byte>(value);
      std::optional<definition> got;
      try {
        got = read(changed);
      } catch (const codec_error&) {
        ++refused;
      }
      if (got) BOOST_REQUIRE(same(written(*got).view(), changed));
      if (i == 0) BOOST_REQUIRE(got.has_value() == (value == 1 || value == 2));
    }
  }
  BOOST_TEST(refused > 254u);
}

BOOST_AUTO_TEST_SUITE_END()
