// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Objects that live in a child: made there, used through handles, copied back by value.
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <boost/describe.hpp>

#include <iostream>
#include <map>
#include <string>

struct word_count {
  std::string word;
  int times = 0;
};
BOOST_DESCRIBE_STRUCT(word_count, (), (word, times))  // one line, and its values travel

class book {
 public:
  explicit book(std::string title) : title_(std::move(title)) {}
  book& add(const std::string& word) {
    ++words_[word];
    return *this;
  }
  word_count most_frequent() const {
    word_count best;
    for (const auto& [word, times] : words_)
      if (times > best.times) best = {word, times};
    return best;
  }
  const std::string& title() const { return title_; }
  const std::map<std::string, int>& words() const { return words_; }

 private:
  std::string title_;
  std::map<std::string, int> words_;
};

asio::awaitable<void> read(glovebox::context child) {
  glovebox::remote<book> novel = co_await child.make<book>("A Study in Isolation");
  co_await novel.call<&book::add>("child");
  glovebox::remote<book> same = co_await novel.call<&book::add>("parent");  // returns *this
  co_await same.call<&book::add>("child");
  std::cout << "the same object: " << std::boolalpha << (same == novel) << '\n';

  const word_count best = co_await novel.call<&book::most_frequent>();
  std::cout << co_await novel.call<&book::title>() << ": " << best.word << " x" << best.times
            << '\n';

  // A lambda whose first parameter is the object sees all of it.
  const auto longest = [](const book& it) {
    std::string found;
    for (const auto& each : it.words())
      if (each.first.size() > found.size()) found = each.first;
    return found;
  };
  std::cout << "longest word: " << co_await novel.call(longest) << '\n';

  std::map<std::string, int> copy = co_await novel.call<&book::words>();  // by value: independent
  copy["parent"] = 100;
  std::cout << "still " << (co_await novel.call<&book::words>()).at("parent") << " in the child\n";

  glovebox::remote<word_count> kept = co_await child.make<word_count>("kept", 7);
  const word_count back = co_await glovebox::by_value(kept);
  std::cout << back.word << ' ' << back.times << '\n';
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  asio::co_spawn(io, read(glovebox::context(io)), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}
