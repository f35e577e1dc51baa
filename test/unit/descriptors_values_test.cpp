// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "unit/descriptors_fixture.hpp"
#include "unit/dynamic_messages.hpp"

#include <boost/describe.hpp>

#include <sys/resource.h>
#include <optional>
#include <variant>

BOOST_AUTO_TEST_SUITE(descriptors_values_test)

using namespace glovebox;
using namespace glovebox::test;

/// What arrives of these attachments.
std::vector<file_descriptor> passed(const std::vector<attachment>& attachments) {
  std::vector<file_descriptor> all(attachments.size());
  for (std::size_t i = 0; i != all.size(); ++i)
    if (attachments[i].descriptor >= 0) all[i].reset(::dup(attachments[i].descriptor));
  return all;
}

struct message {
  byte_buffer body;
  std::vector<attachment> attachments;
};
template <class T>
message encoded(T&& value, const limits& bounds = {}) {
  message made;
  encoder out(made.body, made.attachments, bounds);
  const encoder::scope path(out, "args", 0);
  encode(out, std::forward<T>(value));
  return made;
}
template <class T>
T decoded(const message& from, std::span<file_descriptor> descriptors) {
  std::vector<std::span<const std::byte>> pieces;
  for (const attachment& each : from.attachments) pieces.push_back(each.bytes);
  decoder in(from.body.view(), pieces, {}, descriptors);
  T value = decode<T>(in);
  in.finish();
  return value;
}
template <class T>
T decoded(const message& from) {
  auto descriptors = passed(from.attachments);
  return decoded<T>(from, descriptors);
}

struct ends {
  int number = 0;
  file_descriptor read;
  std::string text;
  std::vector<file_descriptor> others;
};
BOOST_DESCRIBE_STRUCT(ends, (), (number, read, text, others))

#ifndef __SANITIZE_ADDRESS__
/// Leaves this process, while it lives, without a single descriptor more.
class none_left {
 public:
  none_left() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit now = before_;
    now.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &now);
    for (;;) {
      file_descriptor more(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!more) break;
      taken_.push_back(std::move(more));
    }
  }
  ~none_left() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
  std::vector<file_descriptor> taken_;
};
#endif

BOOST_FIXTURE_TEST_SUITE(values, no_leak)

BOOST_AUTO_TEST_CASE(the_owner) {
  file_descriptor none;
  BOOST_TEST(!none);
  BOOST_TEST(none.get() == -1);
  BOOST_TEST(!none.duplicate());
  file_descriptor one = some_file();
  const int number = one.get();
  file_descriptor other = std::move(one);
  BOOST_TEST(!one);
  BOOST_TEST(other.get() == number);
  const file_descriptor twin = other.duplicate();
  BOOST_TEST(twin.get() != number);
  BOOST_TEST(same_file(twin, other));
  BOOST_TEST(closes_on_exec(twin));
  other.reset();
  BOOST_TEST(!is_open(number));
  BOOST_TEST(is_open(twin.get()));
  BOOST_CHECK_THROW(file_descriptor(9999).duplicate(), std::system_error);
}

BOOST_AUTO_TEST_CASE(lvalues_are_duplicated_and_rvalues_taken_over) {
  file_descriptor file = some_file();
  const int number = file.get();
  const message copied = encoded(file);
  BOOST_TEST(file.get() == number);
  BOOST_REQUIRE(copied.attachments.size() == 1u);
  BOOST_TEST(copied.attachments[0].descriptor != number);
  BOOST_TEST(copied.attachments[0].bytes.empty());
  BOOST_TEST(same_file(decoded<file_descriptor>(copied), file));
  {
    const message moved = encoded(std::move(file));
    BOOST_TEST(!file);
    BOOST_TEST(moved.attachments[0].descriptor == number);
    BOOST_TEST(moved.body.size() == 1u);
    BOOST_TEST(is_open(number));
  }
  BOOST_TEST(!is_open(number));
  BOOST_TEST(!decoded<file_descriptor>(encoded(file_descriptor())));
}

BOOST_AUTO_TEST_CASE(inside_of_other_values) {
  ends value{7, some_file(), std::string(20'000, 'x'), {}};
  value.others.push_back(some_file());
  value.others.emplace_back();
  value.others.push_back(some_file());
  const ends back = decoded<ends>(encoded(value));
  BOOST_TEST(back.number == 7);
  BOOST_TEST(back.text == value.text);
  BOOST_TEST(same_file(back.read, value.read));
  BOOST_REQUIRE(back.others.size() == 3u);
  BOOST_TEST(same_file(back.others[0], value.others[0]));
  BOOST_TEST(!back.others[1]);
  BOOST_TEST(same_file(back.others[2], value.others[2]));
  const int number = value.others[2].get();
  {
    const message moved = encoded(std::move(value));
    BOOST_TEST(moved.attachments.back().descriptor == number);
  }
  BOOST_TEST(!is_open(number));

  const auto maybe =
      decoded<std::optional<file_descriptor>>(encoded(std::optional<file_descriptor>(some_file())));
  BOOST_TEST((maybe && *maybe));
  BOOST_TEST(!decoded<std::optional<file_descriptor>>(encoded(std::optional<file_descriptor>())));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_sent) {
  const std::string bad = complaint([] { encoded(file_descriptor(9999)); });
  BOOST_TEST(bad.find("args[0]") != bad.npos);
  BOOST_TEST(bad.find("9999") != bad.npos);
  const file_descriptor stale(9999);
  BOOST_TEST(complaint([&] { encoded(stale); }).find("cannot be duplicated") != std::string::npos);
  limits two;
  two.descriptors = 2;
  std::vector<file_descriptor> three;
  for (int i = 0; i != 3; ++i) three.push_back(some_file());
  const std::string many = complaint([&] { encoded(three, two); });
  BOOST_TEST(many.find("args[0][2]") != many.npos);
  BOOST_TEST(many.find("limits.descriptors") != many.npos);
  two.descriptors = 3;
  BOOST_TEST(complaint([&] { encoded(three, two); }).empty());
  two.attachments = 2;
  BOOST_TEST(complaint([&] { encoded(three, two); }).find("limits.attachments") !=
             std::string::npos);
}

#ifndef __SANITIZE_ADDRESS__  // which makes a pipe to look at an exception
BOOST_AUTO_TEST_CASE(that_cannot_be_duplicated) {
  const file_descriptor file = some_file();
  std::string exhausted;
  {
    const none_left nothing;
    exhausted = complaint([&] { encoded(file); });
  }
  BOOST_TEST(exhausted.find("Too many open files") != exhausted.npos);
}
#endif

BOOST_AUTO_TEST_CASE(what_is_none_is_not_read) {
  const message one = encoded(some_file());
  std::vector<file_descriptor> nothing, lost(1);
  BOOST_TEST(complaint([&] {
               decoded<file_descriptor>(one, nothing);
             }).find("no file descriptor") != std::string::npos);
  BOOST_TEST(complaint([&] { decoded<file_descriptor>(one, lost); }).find("lost on its way") !=
             std::string::npos);
  message odd;
  odd.body.append("\x02", 1);
  BOOST_TEST(!complaint([&] { decoded<file_descriptor>(odd); }).empty());
  message missing;
  missing.body.append("\x01", 1);
  BOOST_TEST(complaint([&] { decoded<file_descriptor>(missing); }).find("missing") !=
             std::string::npos);
  // Four bytes that look like a descriptor's number are none.
  message bytes;
  bytes.body.append("\x01", 1);
  const int number = 1;
  bytes.attachments.push_back({nullptr, std::as_bytes(std::span(&number, 1))});
  BOOST_TEST(!complaint([&] { decoded<file_descriptor>(bytes); }).empty());
  BOOST_TEST(is_open(1));
  // And one that is not read is one too many.
  message left = encoded(5);
  left.attachments.push_back(one.attachments[0]);
  BOOST_TEST(complaint([&] { decoded<int>(left); }).find("left over") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(descriptions_have_none) {
  const message one = encoded(some_file());
  decoder in(one.body.view(), std::vector<std::span<const std::byte>>(1));
  in.only_describe();
  BOOST_TEST(!decode<file_descriptor>(in));
  in.finish();
}

template <class T>
T read_json(std::string_view json, std::span<const file_descriptor> descriptors) {
  json_reader in(std::as_bytes(std::span(json)), {}, {}, nullptr, descriptors);
  T value = read_dynamic<T>(in);
  in.finish();
  return value;
}

BOOST_AUTO_TEST_CASE(in_dynamic_calls) {
  const file_descriptor file = some_file();
  const json_message one = written(file);
  BOOST_TEST(one.text() == R"({"$fd":0})");
  const auto got = passed(one.attachments);
  const auto back = read_json<file_descriptor>(one.text(), got);
  BOOST_TEST(same_file(back, file));
  BOOST_TEST(closes_on_exec(back));
  BOOST_TEST(written(file_descriptor()).text() == "null");
  BOOST_TEST(!read_json<file_descriptor>("null", {}));
  using maybe = std::optional<file_descriptor>;
  BOOST_TEST(!read_json<maybe>("null", {}));
  const json_message full = written(maybe(some_file()));
  BOOST_TEST(read_json<maybe>(full.text(), passed(full.attachments)).has_value());
  const json_message present = written(maybe(file_descriptor()));
  BOOST_TEST(read_json<maybe>(present.text(), {}).has_value());

  ends value{7, some_file(), std::string(20'000, 'x'), {}};
  value.others.push_back(some_file());
  const json_message described = written(value);
  BOOST_TEST(described.text().find(R"("read":{"$fd":0},)") != std::string::npos);
  BOOST_TEST(described.text().find(R"("others":[{"$fd":2}])") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(in_dynamic_calls_they_may_be_read_again_but_named_once) {
  const file_descriptor file = some_file();
  const json_message one = written(file);
  const auto got = passed(one.attachments);
  // The first alternative is tried, and fails behind the descriptor.
  using first = std::pair<file_descriptor, std::string>;
  using second = std::pair<file_descriptor, int>;
  const std::string pair = "[" + one.text() + ",5]";
  const auto either = read_json<std::variant<first, second>>(pair, got);
  BOOST_REQUIRE(either.index() == 1u);
  BOOST_TEST(same_file(std::get<1>(either).first, file));
  const auto twice =
      complaint([&] { read_json<std::vector<file_descriptor>>(R"([{"$fd":0},{"$fd":0}])", got); });
  BOOST_TEST(twice.find("named twice") != twice.npos);
  for (const char* const bad :
       {R"({"$fd":1})", R"({"$fd":-1})", R"({"$fd":"0"})", R"({"$fd":18446744073709551615})", "3"})
    BOOST_TEST(!complaint([&] { read_json<file_descriptor>(bad, got); }).empty());
  const std::vector<file_descriptor> lost(1);
  BOOST_TEST(complaint([&] { read_json<file_descriptor>(one.text(), lost); }).find("lost") !=
             std::string::npos);
  const auto refused = complaint([&] { read_json<value>(one.text(), got); });
  BOOST_TEST(refused.find("glovebox::file_descriptor") != refused.npos);
  BOOST_TEST(read_json<std::vector<file_descriptor>>("[" + one.text() + "]", got).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
