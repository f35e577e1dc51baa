// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "core/exception_record.hpp"
#include "unit/frames.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <optional>
#include <string>

BOOST_AUTO_TEST_SUITE(exception_record_test)

using namespace glovebox::core;
using namespace glovebox::test;
using glovebox::attachment;
using glovebox::byte_buffer;
using glovebox::codec_error;
using glovebox::decoder;
using glovebox::encoder;

struct message {
  byte_buffer body;
  std::vector<attachment> attachments;
};

message written(const exception_record& record) {
  message made;
  encoder out(made.body, made.attachments);
  encode(out, record);
  return made;
}

exception_record read(view body, const std::vector<attachment>& attachments = {}) {
  std::vector<view> pieces;
  for (const attachment& each : attachments) pieces.push_back(each.bytes);
  decoder in(body, pieces);
  exception_record record = decode_exception(in);
  in.finish();
  return record;
}

bool equal(const exception_record& a, const exception_record& b) {
  if (a.type != b.type || a.name != b.name || a.base != b.base || a.message != b.message ||
      a.category != b.category || a.code != b.code || !a.nested != !b.nested ||
      a.stack.size() != b.stack.size())
    return false;
  for (std::size_t i = 0; i != a.stack.size(); ++i)
    if (a.stack[i].address != b.stack[i].address || a.stack[i].offset != b.stack[i].offset ||
        a.stack[i].module != b.stack[i].module || a.stack[i].build_id != b.stack[i].build_id)
      return false;
  return !a.nested || equal(*a.nested, *b.nested);
}

exception_record chain(int levels) {
  exception_record record;
  record.type = "level " + std::to_string(levels);
  record.name = levels % 2 == 0 ? "" : "module.Name";
  record.message = "message";
  record.base = standard_base::runtime_error;
  for (int i = 0; i != levels; ++i) {
    glovebox::stack_frame frame;
    frame.address = static_cast<std::uint64_t>(i) << 40;
    frame.offset = static_cast<std::uint64_t>(i);
    frame.module = i % 2 == 0 ? "/lib/even.so" : "/lib/odd.so";
    frame.build_id = i % 3 == 0 ? "" : "1f2e";
    record.stack.push_back(std::move(frame));
  }
  if (levels > 1) record.nested = std::make_unique<exception_record>(chain(levels - 1));
  return record;
}

int length_of(const exception_record& record) {
  int levels = 0;
  for (const exception_record* at = &record; at; at = at->nested.get()) ++levels;
  return levels;
}

exception_record sample() {
  exception_record record;
  record.type = "std::filesystem::filesystem_error";
  record.base = standard_base::filesystem_error;
  record.message = std::string("not \xff utf-8, with a \0 inside", 27);
  record.category = "generic";
  record.code = -2;
  record.nested = std::make_unique<exception_record>();
  record.nested->type = "int";
  record.nested->message = "7";
  return record;
}

BOOST_AUTO_TEST_CASE(records_come_back) {
  BOOST_TEST(equal(read(written(sample()).body.view()), sample()));
  BOOST_TEST(equal(read(written({}).body.view()), exception_record{}));
  exception_record record;
  for (const std::int32_t code : {std::numeric_limits<std::int32_t>::min(), -1, 0,
                                  std::numeric_limits<std::int32_t>::max()}) {
    record.code = code;
    BOOST_TEST(read(written(record).body.view()).code == code);
  }
  for (unsigned base = 0; base <= static_cast<unsigned>(last_standard_base); ++base) {
    record.base = static_cast<standard_base>(base);
    BOOST_TEST((read(written(record).body.view()).base == record.base));
  }
}

BOOST_AUTO_TEST_CASE(long_texts_come_back) {
  exception_record record = sample();
  record.message.assign(100'000, 'm');
  record.nested->type.assign(20'000, 't');
  const message made = written(record);
  BOOST_TEST(made.attachments.size() == 2u);
  BOOST_TEST(equal(read(made.body.view(), made.attachments), record));
  // Without their attachments they are refused, not cut short.
  BOOST_CHECK_THROW(read(made.body.view()), codec_error);
}

BOOST_AUTO_TEST_CASE(nesting_is_bounded_on_both_sides) {
  for (int levels = 1; levels <= exception_record::max_nesting; ++levels)
    BOOST_TEST(equal(read(written(chain(levels)).body.view()), chain(levels)));
  // Longer ones lose their innermost.
  for (const int levels : {exception_record::max_nesting + 1, exception_record::max_nesting + 9}) {
    const exception_record got = read(written(chain(levels)).body.view());
    BOOST_TEST(length_of(got) == exception_record::max_nesting);
    BOOST_TEST(got.type == "level " + std::to_string(levels));
  }
  // A child that does not keep to it: one level more, written by hand.
  const message most = written(chain(exception_record::max_nesting));
  const message one = written(chain(1));
  byte_buffer longer = buffer_of(most.body.view());
  longer.data()[longer.size() - 1] = std::byte{1};  // "there is a nested one"
  longer.append(one.body.data(), one.body.size());
  BOOST_CHECK_THROW(read(longer.view()), codec_error);
}

BOOST_AUTO_TEST_CASE(of_a_deep_stack_the_innermost_frames) {
  exception_record deep = chain(1);
  deep.stack.resize(exception_record::max_frames + 9, deep.stack.front());
  for (std::size_t i = 0; i != deep.stack.size(); ++i) deep.stack[i].address = i;
  const message sent = written(deep);
  const exception_record got = read(sent.body.view(), sent.attachments);
  BOOST_TEST(got.stack.size() == exception_record::max_frames);
  BOOST_TEST(got.stack.back().address == exception_record::max_frames - 1);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const message whole = written(sample());
  for (std::size_t size = 0; size != whole.body.size(); ++size) {
    // A copy of that size, so that a look behind its end is noticed.
    const bytes part(whole.body.data(), whole.body.data() + size);
    BOOST_CHECK_THROW(read(part), codec_error);
  }
  byte_buffer longer = buffer_of(whole.body.view());
  longer.append("", 1);
  BOOST_CHECK_THROW(read(longer.view()), codec_error);
}

BOOST_AUTO_TEST_CASE(every_byte_flipped) {
  const message whole = written(sample());
  std::size_t refused = 0;
  for (std::size_t i = 0; i != whole.body.size(); ++i) {
    for (unsigned value = 0; value != 256; ++value) {
      bytes changed(whole.body.view().begin(), whole.body.view().end());
      changed[i] = static_cast<std::byte>(value);
      std::optional<exception_record> got;
      try {
        got = read(changed);
      } catch (const codec_error&) {
        ++refused;
      }
      // What is accepted is what stands there: written again it is the same.
      if (got) BOOST_REQUIRE(same(written(*got).body.view(), changed));
    }
  }
  BOOST_TEST(refused > 1000u);
}

BOOST_AUTO_TEST_CASE(bases_that_do_not_exist) {
  exception_record record;
  const message made = written(record);
  for (unsigned base = 0; base != 256; ++base) {
    bytes changed(made.body.view().begin(), made.body.view().end());
    changed[2] = static_cast<std::byte>(base);  // behind the empty type and name
    if (base <= static_cast<unsigned>(last_standard_base))
      BOOST_CHECK_NO_THROW(read(changed));
    else
      BOOST_CHECK_THROW(read(changed), codec_error);
  }
}

BOOST_AUTO_TEST_SUITE_END()
