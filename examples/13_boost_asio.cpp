// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A glovebox that was built with -Dasio=boost, in a program of Boost.Asio: the same, with
// boost::asio where others write asio, and with Boost.System's type where Asio throws.
#include <glovebox/glovebox.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;

int half_of(int n) {
  if (n % 2 != 0) throw std::invalid_argument("odd");
  return n / 2;
}

void sleep_long() {
  std::this_thread::sleep_for(1h);
}

boost::asio::awaitable<void> visit(glovebox::context child) {
  std::cout << "half of 84 is " << co_await child.call<&half_of>(84) << '\n';
  try {
    co_await child.call<&half_of>(85);
  } catch (const std::invalid_argument& error) {
    std::cout << "thrown in the child: " << error.what() << '\n';
  }

  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, 100ms);
  boost::asio::cancellation_signal signal;
  timer.async_wait([&signal](const boost::system::error_code&) {
    signal.emit(boost::asio::cancellation_type::terminal);
  });
  try {
    co_await child.call<&sleep_long>(
        boost::asio::bind_cancellation_slot(signal.slot(), boost::asio::use_awaitable));
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted)
      std::cout << "cancelled by a timer\n";
  }
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  boost::asio::io_context io;
  boost::asio::co_spawn(io, visit(glovebox::context(io)), boost::asio::detached);
  io.run();
}
