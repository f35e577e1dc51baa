// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// File descriptors as arguments and results, and files that stay in the child.
#include "integration/call_fixture.hpp"
#include "integration/life.hpp"
#include "support/faults.hpp"

#include <glovebox/import.hpp>
#include <glovebox/module.hpp>
#include <glovebox/proxy.hpp>

#include <boost/describe.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(descriptors_test)

using namespace glovebox;
using namespace glovebox::test;
using asio::use_future;
using life::open_descriptors;

struct pipe_ends {
  file_descriptor read;
  file_descriptor write;
};
BOOST_DESCRIBE_STRUCT(pipe_ends, (), (read, write))

pipe_ends make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category());
  return {file_descriptor(ends[0]), file_descriptor(ends[1])};
}

std::string read_all(const file_descriptor& from) {
  std::string all;
  char buffer[4096];
  for (;;) {
    const ssize_t size = ::read(from.get(), buffer, sizeof buffer);
    if (size < 0) throw std::system_error(errno, std::generic_category(), "read");
    if (size == 0) return all;
    all.append(buffer, static_cast<std::size_t>(size));
  }
}

void write_all(file_descriptor to, const std::string& text) {
  if (::write(to.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::system_error(errno, std::generic_category(), "write");
}

file_descriptor open_file(const std::string& path) {
  file_descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw std::system_error(errno, std::generic_category(), path);
  return file;
}

bool closes_on_exec(const file_descriptor& fd) {
  return (::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0;
}
bool is_empty(const file_descriptor& fd) {
  return !fd;
}
std::vector<file_descriptor> backwards(std::vector<file_descriptor> all) {
  return {std::make_move_iterator(all.rbegin()), std::make_move_iterator(all.rend())};
}
std::optional<file_descriptor> maybe_open(const std::string& path) {
  if (path.empty()) return std::nullopt;
  return open_file(path);
}
int nothing() {
  return 0;
}

// ---- a file that stays in the child

class text_file {
 public:
  explicit text_file(const std::string& path) : in_(path) {
    if (!in_) throw std::runtime_error("cannot open " + path);
  }
  std::string line() {
    std::string text;
    if (!std::getline(in_, text)) throw std::out_of_range("the end of the file");
    return text;
  }

 private:
  std::ifstream in_;
};

GLOVEBOX_MODULE(files, m) {
  m.class_<text_file>("File").constructor<std::string>().def("line", &text_file::line);
  m.def("open", &open_file);
  m.def("read_all", &read_all);
  m.def("make_pipe", &make_pipe);
  // The first one does not fit, but only behind the descriptor.
  m.def("either",
        [](const file_descriptor& fd, const std::string& text) { return read_all(fd) + text; });
  m.def("either", [](const file_descriptor& fd, int number) {
    return read_all(fd) + std::to_string(number);
  });
}

void put(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
}

struct files : one_child {
  temporary_directory folder;
  std::string path = folder.file("file");
  files() { put(path, "first\nsecond\n"); }
};

/// Runs a coroutine to its end.
template <class F>
void run(F&& body) {
  get(asio::co_spawn(shared_io(), body, use_future));
}

BOOST_FIXTURE_TEST_SUITE(row_13_descriptors, files)

BOOST_AUTO_TEST_CASE(row_13_a_file_opened_in_the_child_is_read_through_its_remote) {
  const remote<text_file> file = get(ctx.make<text_file>(path, use_future));
  BOOST_TEST(get(ctx.call<&text_file::line>(file, use_future)) == "first");
  BOOST_TEST(get(file.call<&text_file::line>(use_future)) == "second");
  BOOST_CHECK_THROW(get(file.call<&text_file::line>(use_future)), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(row_13_a_file_opened_in_the_child_is_read_through_its_proxy) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "files");
    const proxy file = co_await module.call<proxy>("File", path);
    const auto first = co_await file.call<std::string>("line");
    BOOST_TEST(first == "first");
    const auto second = co_await file.call<std::string>("line");
    BOOST_TEST(second == "second");
  });
}

BOOST_AUTO_TEST_CASE(row_13_a_descriptor_passed_each_way) {
  file_descriptor here = open_file(path);
  BOOST_TEST(get(ctx.call<&read_all>(std::move(here), use_future)) == "first\nsecond\n");
  BOOST_TEST(!here);
  const file_descriptor there = get(ctx.call<&open_file>(path, use_future));
  BOOST_TEST(closes_on_exec(there));
  BOOST_TEST(read_all(there) == "first\nsecond\n");
  // One open file: it was read to its end by the other side.
  BOOST_TEST(get(ctx.call<&read_all>(there, use_future)) == "");
  BOOST_TEST(::lseek(there.get(), 6, SEEK_SET) == 6);
  BOOST_TEST(get(ctx.call<&read_all>(there, use_future)) == "second\n");
}

BOOST_AUTO_TEST_CASE(row_13_an_lvalue_may_be_closed_as_soon_as_the_call_is_made) {
  file_descriptor file = open_file(path);
  auto call = ctx.call<&read_all>(file, deferred);
  file.reset();
  BOOST_TEST(get(std::move(call)(use_future)) == "first\nsecond\n");
}

BOOST_AUTO_TEST_CASE(row_13_inside_of_containers_and_classes) {
  std::vector<file_descriptor> three;
  for (const char* const text : {"0", "1", "2"}) {
    put(path, text);
    three.push_back(open_file(path));
    ::unlink(path.c_str());
  }
  const auto back = get(ctx.call<&backwards>(std::move(three), use_future));
  BOOST_REQUIRE(back.size() == 3u);
  for (std::size_t i = 0; i != 3; ++i) BOOST_TEST(read_all(back[i]) == std::to_string(2 - i));
  put(path, "there");
  BOOST_TEST(read_all(*get(ctx.call<&maybe_open>(path, use_future))) == "there");
  BOOST_TEST(!get(ctx.call<&maybe_open>("", use_future)));
  BOOST_TEST(get(ctx.call<&is_empty>(file_descriptor(), use_future)));
}

BOOST_AUTO_TEST_CASE(row_13_pipes) {
  pipe_ends pipe = get(ctx.call<&make_pipe>(use_future));
  BOOST_REQUIRE(::write(pipe.write.get(), "from here", 9) == 9);
  pipe.write.reset();
  BOOST_TEST(get(ctx.call<&read_all>(std::move(pipe.read), use_future)) == "from here");
  // Two children, which know nothing of each other.
  const context other(shared_io());
  pipe_ends between = make_pipe();
  auto read = other.call<&read_all>(std::move(between.read), use_future);
  get(ctx.call<&write_all>(std::move(between.write), "from a sibling", use_future));
  BOOST_TEST(get(std::move(read)) == "from a sibling");
}

BOOST_AUTO_TEST_CASE(row_13_in_dynamic_calls) {
  run([this]() -> asio::awaitable<void> {
    const proxy module = co_await load_module(ctx, "files");
    const file_descriptor file = co_await module.call<file_descriptor>("open", path);
    BOOST_TEST(closes_on_exec(file));
    const auto text = co_await module.call<std::string>("read_all", file);
    BOOST_TEST(text == "first\nsecond\n");
    ::lseek(file.get(), 0, SEEK_SET);
    const auto either = co_await module.call<std::string>("either", file, 3);
    BOOST_TEST(either == "first\nsecond\n3");
    const auto ends = co_await module.call<pipe_ends>("make_pipe");
    BOOST_TEST(::write(ends.write.get(), "x", 1) == 1);
    std::string refused;
    try {
      const value any = co_await module.call("open", path);
    } catch (const std::exception& why) {
      refused = why.what();
    }
    BOOST_TEST(refused.find("glovebox::file_descriptor") != refused.npos);
    // Which is no fault of the child's.
    const auto again = co_await module.call<std::string>("read_all", open_file(path));
    BOOST_TEST(again == "first\nsecond\n");
  });
}

file_descriptor pass_on(const std::function<file_descriptor(file_descriptor)>& parent,
                        const std::string& path) {
  return parent(open_file(path));
}

BOOST_AUTO_TEST_CASE(row_13_in_callbacks) {
  std::string seen;
  const auto answer = [&](const file_descriptor& file) {
    seen = read_all(file);
    put(path, "another");
    return open_file(path);
  };
  const file_descriptor file = get(ctx.call<&pass_on>(answer, path, use_future));
  BOOST_TEST(seen == "first\nsecond\n");
  BOOST_TEST(read_all(file) == "another");
}

// ---- what goes wrong

BOOST_AUTO_TEST_CASE(row_13_what_cannot_be_sent_ends_its_call_only) {
  BOOST_CHECK_EXCEPTION(get(ctx.call<&read_all>(file_descriptor(9999), use_future)), codec_error,
                        [](const codec_error& why) {
                          return std::string(why.what()).find("args[0]") != std::string::npos;
                        });
  std::vector<file_descriptor> many;
  for (std::uint32_t i = 0; i != limits().descriptors + 1; ++i) many.push_back(open_file(path));
  BOOST_CHECK_THROW(get(ctx.call<&backwards>(std::move(many), use_future)), codec_error);
  BOOST_TEST(get(ctx.call<&nothing>(use_future)) == 0);
}

std::vector<file_descriptor> many_files(int count) {
  std::vector<file_descriptor> all;
  for (int i = 0; i != count; ++i) all.push_back(open_file("/dev/null"));
  return all;
}
std::vector<file_descriptor> stale() {
  std::vector<file_descriptor> all = many_files(2);
  ::close(all.back().get());
  return all;
}

BOOST_AUTO_TEST_CASE(row_13_a_result_that_cannot_be_sent_ends_its_call_only) {
  context_options options;
  options.limits.descriptors = 3;
  const context narrow(shared_io(), options);
  BOOST_TEST(get(narrow.call<&many_files>(3, use_future)).size() == 3u);
  BOOST_CHECK_THROW(get(narrow.call<&many_files>(4, use_future)), remote_exception);
  BOOST_CHECK_THROW(get(narrow.call<&stale>(use_future)), remote_exception);
  BOOST_TEST(get(narrow.call<&nothing>(use_future)) == 0);
}

// Leaves a few, which sanitizers need, and which some of what comes fits in.
int fill_up() {
  int last = -1;
  for (int next = 0; next >= 0; next = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) last = next;
  for (int i = 0; i != 4; ++i) ::close(last - i);
  return last;
}

BOOST_AUTO_TEST_CASE(row_13_a_child_without_room_misses_them_and_lives) {
  BOOST_TEST(get(ctx.call<&fill_up>(use_future)) > 4);
  std::vector<file_descriptor> many;
  for (int i = 0; i != 8; ++i) many.push_back(open_file(path));
  std::string why;
  try {
    get(ctx.call<&backwards>(std::move(many), use_future));
  } catch (const remote_exception& error) {
    why = error.message();
  }
  BOOST_TEST(why.find("lost on its way") != why.npos);
  BOOST_TEST(get(ctx.call<&read_all>(open_file(path), use_future)) == "first\nsecond\n");
  BOOST_TEST(get(ctx.call<&nothing>(use_future)) == 0);
}

// ---- none is left

BOOST_AUTO_TEST_CASE(row_13_a_thousand_calls_leave_none) {
  get(ctx.call<&backwards>(many_files(3), use_future));
  get(ctx.start(use_future));  // a reply may be here before the descriptor of the child itself
  const std::size_t here = open_descriptors();
  const std::size_t there = get(ctx.call<&open_descriptors>(use_future));
  for (int round = 0; round != 100; ++round) {
    std::vector<std::future<std::vector<file_descriptor>>> typed;
    for (int i = 0; i != 8; ++i) typed.push_back(ctx.call<&backwards>(many_files(3), use_future));
    // Some fail, some are given none.
    auto failing = ctx.call<&pass_on>(nullptr, path, use_future);
    auto empty = ctx.call<&is_empty>(open_file(path), use_future);
    for (auto& each : typed) get(std::move(each));
    BOOST_CHECK_THROW(get(std::move(failing)), std::bad_function_call);
    get(std::move(empty));
  }
  BOOST_TEST(get(ctx.call<&open_descriptors>(use_future)) == there);
  BOOST_TEST(open_descriptors() <= here);
}

BOOST_AUTO_TEST_CASE(row_13_late_replies_close_theirs) {
  get(ctx.call<&nothing>(use_future));
  get(ctx.start(use_future));  // a reply may be here before the descriptor of the child itself
  const gate door;
  const std::size_t here = open_descriptors();
  asio::cancellation_signal signal;
  std::promise<std::exception_ptr> ended;
  auto waits = ctx.call<&life::pass_gate>(door.path(), 1, use_future);
  ctx.call<&many_files>(
      5, asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr why, auto&&) {
        ended.set_value(std::move(why));
      }));
  door.wait_for_one();
  asio::post(shared_io(), [&] { signal.emit(asio::cancellation_type::terminal); });
  BOOST_TEST(bool(get(ended.get_future())));
  door.open();
  get(std::move(waits));
  get(ctx.call<&nothing>(use_future));
  // The answer above may be there before theirs are closed: both came together.
  BOOST_TEST(life::eventually([&] { return open_descriptors() <= here; }));
}

// ---- hostile children

void send_descriptor(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count), STDERR_FILENO);
  std::vector<char> room(CMSG_SPACE(numbers.size() * sizeof(int)));
  // The beginning of a frame, which is never finished.
  char byte = 0;
  iovec piece{&byte, 1};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(numbers.size() * sizeof(int));
  std::memcpy(CMSG_DATA(header), numbers.data(), numbers.size() * sizeof(int));
  if (::sendmsg(channel_descriptor(), &message, 0) != 1) std::abort();
}

int flood(int count) {
  for (int i = 0; i != 100; ++i) send_descriptor(count);
  life::wait_for_ever();
}

// Fewer than before are fine: contexts of earlier tests may only now be closed.
BOOST_AUTO_TEST_CASE(row_13_unannounced_ones_end_the_child_and_nothing_leaks) {
  get(ctx.call<&nothing>(use_future));
  get(ctx.start(use_future));  // a reply may be here before the descriptor of the child itself
  for (const int count : {1, 253}) {
    const std::size_t here = open_descriptors();
    {
      const context hostile(shared_io());
      BOOST_CHECK_EXCEPTION(get(hostile.call<&flood>(count, use_future)), process_terminated,
                            [](const process_terminated& why) {
                              return why.info().cause == cause::protocol_violation;
                            });
    }
    BOOST_TEST(life::eventually([&] { return open_descriptors() <= here; }));
    BOOST_TEST(open_descriptors() <= here);
  }
  BOOST_TEST(get(ctx.call<&nothing>(use_future)) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
