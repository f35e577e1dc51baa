// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#define BOOST_TEST_MODULE image_service
#include "request_parser.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace request_parser_test {

using namespace image_service;
using event = request_parser::event;
namespace data = boost::unit_test::data;

// What came out of a stream of bytes.
struct result {
  std::vector<request> requests;
  int continues = 0;
  int status = 0;  // of an error, 0 without any
  std::string reason;
  std::size_t consumed = 0;
  request_parser::place place = request_parser::place::between_requests;
};

result parse(std::string_view bytes, std::size_t piece, const request_limits& limits = {}) {
  result out;
  request_parser parser(limits);
  std::size_t end = std::min(piece, bytes.size());
  while (true) {
    const auto step = parser.feed(bytes.substr(out.consumed, end - out.consumed));
    out.consumed += step.consumed;
    if (step.what == event::request) out.requests.push_back(parser.take());
    if (step.what == event::expects_continue) ++out.continues;
    if (step.what == event::failed) break;
    if (step.what != event::more) continue;
    BOOST_REQUIRE(out.consumed == end);
    if (end == bytes.size()) break;
    end = std::min(end + piece, bytes.size());
  }
  out.status = parser.status();
  out.reason = parser.reason();
  out.place = parser.where();
  return out;
}

// As a whole; and the same must come of it in whatever pieces.
result parse(std::string_view bytes, const request_limits& limits = {}) {
  const result whole = parse(bytes, bytes.size(), limits);
  for (const std::size_t piece : {1, 2, 3, 7, 64}) {
    const result other = parse(bytes, piece, limits);
    BOOST_TEST(other.status == whole.status);
    BOOST_TEST(other.reason == whole.reason);
    BOOST_TEST(other.continues == whole.continues);
    BOOST_REQUIRE(other.requests.size() == whole.requests.size());
    for (std::size_t i = 0; i != whole.requests.size(); ++i) {
      const request &a = whole.requests[i], &b = other.requests[i];
      BOOST_TEST(a.method == b.method);
      BOOST_TEST(a.path == b.path);
      BOOST_TEST(a.query == b.query);
      BOOST_TEST((a.headers == b.headers));
      BOOST_TEST((a.body == b.body));
      BOOST_TEST(a.keep_alive == b.keep_alive);
    }
  }
  return whole;
}

int status_of(std::string_view bytes, const request_limits& limits = {}) {
  const result got = parse(bytes, limits);
  BOOST_TEST(got.requests.empty());
  return got.status;
}

std::string text_of(const request& asked) {
  return {reinterpret_cast<const char*>(asked.body.data()), asked.body.size()};
}

std::string post(std::string_view fields, std::string_view body = "") {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

// ---- what is right

BOOST_AUTO_TEST_CASE(of_one_request) {
  const result got = parse(
      "GET /a/b?c=d&e HTTP/1.1\r\nHost: example.org\r\nX-Empty:\r\nX-Some: \t two words \r\n\r\n");
  BOOST_TEST(got.status == 0);
  BOOST_REQUIRE(got.requests.size() == 1u);
  const request& asked = got.requests[0];
  BOOST_TEST(asked.method == "GET");
  BOOST_TEST(asked.path == "/a/b");
  BOOST_TEST(asked.query == "c=d&e");
  BOOST_REQUIRE(asked.headers.size() == 3u);
  BOOST_TEST(*asked.header("host") == "example.org");
  BOOST_TEST(*asked.header("x-empty") == "");
  BOOST_TEST(*asked.header("x-some") == "two words");
  BOOST_TEST(asked.header("x-none") == nullptr);
  BOOST_TEST(asked.keep_alive);
  BOOST_TEST(!asked.has_length);
}

BOOST_AUTO_TEST_CASE(of_requests_one_after_another) {
  const result got = parse(
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
      "GET /4 HTTP/1.1\r\nHo");
  BOOST_TEST(got.status == 0);
  BOOST_REQUIRE(got.requests.size() == 3u);
  BOOST_TEST(text_of(got.requests[0]) == "hello");
  BOOST_TEST(got.requests[1].path == "/2");
  BOOST_TEST(got.requests[1].body.empty());
  BOOST_TEST(got.requests[2].has_length);
  BOOST_TEST((got.place == request_parser::place::header));
}

BOOST_AUTO_TEST_CASE(of_chunks) {
  const result got =
      parse(post("Transfer-Encoding: chunked\r\n",
                 "5\r\nhello\r\n00006;name=value\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n") +
            "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  BOOST_TEST(got.status == 0);
  BOOST_REQUIRE(got.requests.size() == 2u);
  BOOST_TEST(text_of(got.requests[0]) == "hello world");
  BOOST_TEST(got.requests[0].header("x-trailer") == nullptr);
}

BOOST_AUTO_TEST_CASE(of_a_body_that_looks_like_a_request) {
  const std::string inner = "GET /inner HTTP/1.1\r\nHost: h\r\n\r\n";
  const result got = parse(post("Content-Length: " + std::to_string(inner.size()) + "\r\n", inner));
  BOOST_REQUIRE(got.requests.size() == 1u);
  BOOST_TEST(text_of(got.requests[0]) == inner);
}

BOOST_AUTO_TEST_CASE(of_all_bytes_in_a_body) {
  std::string body;
  for (int i = 0; i != 256; ++i) body += static_cast<char>(i);
  const result got = parse(post("Content-Length: 256\r\n", body));
  BOOST_REQUIRE(got.requests.size() == 1u);
  BOOST_TEST(text_of(got.requests[0]) == body);
}

BOOST_AUTO_TEST_CASE(of_connections_that_go_on_or_do_not) {
  const auto goes_on = [](std::string_view version, std::string_view field) {
    const result got = parse("GET / HTTP/" + std::string(version) + "\r\nHost: h\r\n" +
                             std::string(field) + "\r\n");
    BOOST_REQUIRE(got.requests.size() == 1u);
    return got.requests[0].keep_alive;
  };
  BOOST_TEST(goes_on("1.1", ""));
  BOOST_TEST(!goes_on("1.1", "Connection: close\r\n"));
  BOOST_TEST(!goes_on("1.0", ""));
  BOOST_TEST(goes_on("1.0", "Connection: keep-alive\r\n"));
}

BOOST_AUTO_TEST_CASE(of_bodies_that_wait_to_be_asked_for) {
  const result asked = parse(post("Content-Length: 2\r\nExpect: 100-Continue\r\n", "ab"));
  BOOST_TEST(asked.continues == 1);
  BOOST_TEST(asked.requests.size() == 1u);
  const result chunked =
      parse(post("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", "1\r\na\r\n0\r\n\r\n"));
  BOOST_TEST(chunked.continues == 1);
  BOOST_TEST(chunked.requests.size() == 1u);
  const result empty = parse(post("Content-Length: 0\r\nExpect: 100-continue\r\n"));
  BOOST_TEST(empty.continues == 0);
  BOOST_TEST(empty.requests.size() == 1u);
  const result too_large = parse(post("Content-Length: 99999999\r\nExpect: 100-continue\r\n"));
  BOOST_TEST(too_large.continues == 0);
  BOOST_TEST(too_large.status == 413);
  BOOST_TEST(status_of(post("Expect: a-miracle\r\n")) == 417);
}

BOOST_AUTO_TEST_CASE(of_targets) {
  const auto path_of = [](std::string_view line) {
    const result got = parse(std::string(line) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    return got.requests.size() == 1u ? got.requests[0].path : std::to_string(got.status);
  };
  BOOST_TEST(path_of("GET http://example.org/a?b") == "/a");
  BOOST_TEST(path_of("GET http://example.org") == "/");
  BOOST_TEST(path_of("GET /%41?x") == "/%41");
  BOOST_TEST(path_of("OPTIONS *") == "*");
  BOOST_TEST(path_of("GET *") == "400");
  BOOST_TEST(path_of("GET a") == "400");
  BOOST_TEST(path_of("GET /a\x80") == "400");
  BOOST_TEST(path_of("CONNECT example.org:443") == "501");
}

BOOST_AUTO_TEST_CASE(that_asks_for_another_protocol_is_a_request_of_this_one) {
  const result got = parse(
      "GET /1 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
      "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  BOOST_TEST(got.requests.size() == 2u);
}

// ---- what is wrong

struct wrong {
  const char* what;
  int status;
  std::string bytes;
};
std::ostream& operator<<(std::ostream& out, const wrong& each) {
  return out << each.what;
}

const std::vector<wrong> wrongs{
    // Two readers may take them for different requests: what smuggling needs.
    {"a length and chunks", 400,
     post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
    {"chunks and a length", 400,
     post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n")},
    {"two lengths", 400, post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd")},
    {"the same length twice", 400, post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")},
    {"two lengths in one field", 400, post("Content-Length: 3, 3\r\n", "abc")},
    {"a negative length", 400, post("Content-Length: -1\r\n")},
    {"a length with a sign", 400, post("Content-Length: +3\r\n", "abc")},
    {"a hexadecimal length", 400, post("Content-Length: 0x3\r\n", "abc")},
    {"an empty length", 400, post("Content-Length:\r\n")},
    {"a length beyond 64 bits", 400, post("Content-Length: 18446744073709551616\r\n")},
    {"chunks twice", 400,
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
    {"another encoding", 501, post("Transfer-Encoding: gzip\r\n")},
    {"another encoding before chunks", 501, post("Transfer-Encoding: gzip, chunked\r\n")},
    {"chunks that are not the last", 501, post("Transfer-Encoding: chunked, identity\r\n")},
    {"almost chunks", 501, post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
    {"chunks with a vertical tab", 400, post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")},
    {"chunks in HTTP/1.0", 400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"white space before the colon", 400, post("Content-Length : 3\r\n", "abc")},
    {"a name with white space", 400, post("Content Length: 3\r\n", "abc")},
    {"a folded line", 400, post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n")},
    {"a folded first line", 400, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
    {"a line without a carriage return", 400, "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"},
    {"an end without a carriage return", 400, "GET / HTTP/1.1\r\nHost: h\r\n\n"},
    {"a carriage return alone", 400, "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n"},
    {"an end that is none", 400, "GET / HTTP/1.1\r\nHost: h\r\n\rXGET / HTTP/1.1\r\n"},
    {"a zero byte in a value", 400, post(std::string("X: a\0b\r\n", 8))},
    {"a chunk that is longer than it says", 400,
     post("Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n")},
    {"a chunk with another end", 400, post("Transfer-Encoding: chunked\r\n", "2\r\nabXY0\r\n\r\n")},
    {"a chunk's size without a carriage return", 400,
     post("Transfer-Encoding: chunked\r\n", "2\nab\r\n0\r\n\r\n")},
    {"a chunk's size in the wrong alphabet", 400,
     post("Transfer-Encoding: chunked\r\n", "0x2\r\nab\r\n0\r\n\r\n")},
    {"a chunk's size with a sign", 400,
     post("Transfer-Encoding: chunked\r\n", "-2\r\nab\r\n0\r\n\r\n")},
    {"a chunk's size beyond 64 bits", 400,
     post("Transfer-Encoding: chunked\r\n", "10000000000000002\r\nab\r\n0\r\n\r\n")},
    // Others.
    {"no host", 400, "GET / HTTP/1.1\r\n\r\n"},
    {"two hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
    {"HTTP/2", 505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
    {"HTTP/1.9", 505, "GET / HTTP/1.9\r\nHost: h\r\n\r\n"},
    {"a method that nobody knows", 501, "MAKE / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"TLS", 400, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)},
    {"zeros", 400, std::string(100, '\0')},
    {"no protocol", 400, "GET / nonsense\r\n\r\n"},
};

BOOST_DATA_TEST_CASE(that_is_wrong_has_its_status, data::make(wrongs)) {
  BOOST_TEST(status_of(sample.bytes) == sample.status);
}

BOOST_AUTO_TEST_CASE(that_is_wrong_ends_all) {
  request_parser parser{request_limits()};
  BOOST_TEST((parser.feed("nonsense\r\n").what == event::failed));
  const auto after = parser.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  BOOST_TEST((after.what == event::failed));
  BOOST_TEST(after.consumed == 0u);
}

BOOST_AUTO_TEST_CASE(that_is_wrong_comes_after_those_that_are_right) {
  const result got = parse("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  BOOST_TEST(got.requests.size() == 1u);
  BOOST_TEST(got.status == 400);
}

// ---- what is too large

request_limits small() {
  request_limits limits;
  limits.target = 20;
  limits.header = 100;
  limits.header_fields = 4;
  limits.body = 10;
  return limits;
}

BOOST_AUTO_TEST_CASE(within_limits) {
  const auto with_target = [](std::size_t length) {
    return "GET /" + std::string(length - 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  BOOST_TEST(parse(with_target(20), small()).requests.size() == 1u);
  BOOST_TEST(status_of(with_target(21), small()) == 414);

  const auto with_header = [](std::size_t length) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
    return bytes + std::string(length - bytes.size() - 4, 'a') + "\r\n\r\n";
  };
  BOOST_TEST(parse(with_header(100), small()).requests.size() == 1u);
  BOOST_TEST(status_of(with_header(101), small()) == 431);
  BOOST_TEST(status_of(std::string(101, '\n'), small()) == 431);
  // Each request has its own limit.
  BOOST_TEST(parse(with_header(100) + with_header(100), small()).requests.size() == 2u);

  BOOST_TEST(parse(post("A:1\r\nB:2\r\nC:3\r\n"), small()).requests.size() == 1u);
  BOOST_TEST(status_of(post("A:1\r\nB:2\r\nC:3\r\nD:4\r\n"), small()) == 431);
}

BOOST_AUTO_TEST_CASE(of_bodies_within_limits) {
  BOOST_TEST(parse(post("Content-Length: 10\r\n", "0123456789"), small()).requests.size() == 1u);
  BOOST_TEST(status_of(post("Content-Length: 11\r\n"), small()) == 413);
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  BOOST_TEST(
      parse(post(chunked, "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"), small()).requests.size() == 1u);
  BOOST_TEST(status_of(post(chunked, "5\r\n01234\r\n6\r\n567890"), small()) == 413);
  BOOST_TEST(status_of(post(chunked, "ffffffff\r\n"), small()) == 413);
}

// Of two bytes that are sent, one must be worth it; else who has little can make us work a lot.
BOOST_AUTO_TEST_CASE(of_chunks_that_are_mostly_frame) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  std::string tiny;
  for (int i = 0; i != 5000; ++i) tiny += "1\r\na\r\n";
  BOOST_TEST(parse(post(chunked, tiny + "0\r\n\r\n")).requests.size() == 1u);
  BOOST_TEST(status_of(post(chunked, "1;" + std::string(20'000, 'x') + "\r\na\r\n")) == 400);
  std::string padded;
  for (int i = 0; i != 100; ++i) padded += "1;" + std::string(500, 'x') + "\r\na\r\n";
  BOOST_TEST(status_of(post(chunked, padded)) == 400);
  std::string trailer;
  for (int i = 0; i != 3000; ++i) trailer += "X: y\r\nZ: y\r\n";
  BOOST_TEST(status_of(post(chunked, "1\r\na\r\n0\r\n" + trailer)) == 400);
}

// ---- queries

BOOST_AUTO_TEST_CASE(of_parameters) {
  BOOST_TEST(find_parameter("size=64", "size").value() == "64");
  BOOST_TEST(find_parameter("a=b&size=64&size=65", "size").value() == "64");
  BOOST_TEST(find_parameter("a=b+c%2b%3D", "a").value() == "b c+=");
  BOOST_TEST(find_parameter("si%7Ae=1", "size").value() == "1");
  BOOST_TEST(find_parameter("a=%4&b=%zz", "a").value() == "%4");
  BOOST_TEST(find_parameter("a=%4&b=%zz", "b").value() == "%zz");
  BOOST_TEST(find_parameter("a&&", "a").value() == "");
  BOOST_TEST(!find_parameter("", "a"));
  BOOST_TEST(!find_parameter("ab=1", "a"));
}

}  // namespace request_parser_test
