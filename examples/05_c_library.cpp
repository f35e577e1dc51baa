// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// C libraries without binding code: their functions are called by their signatures, in a child.
#include <glovebox/glovebox.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

asio::awaitable<void> calculate(glovebox::context child) {
  glovebox::library libm = co_await child.load_library("libm.so.6");
  std::cout << "cos(0.5) = " << co_await libm.call<double(double)>("cos", 0.5) << '\n';

  // What the function writes through a pointer comes back behind its result.
  auto [fraction, exponent] =
      co_await libm.call<double(double, int*)>("frexp", 40.0, glovebox::out<int>());
  std::cout << "40 = " << fraction << " * 2^" << exponent << '\n';
}

asio::awaitable<void> sort(glovebox::library libc) {
  using qsort_type = void(void*, std::size_t, std::size_t, int (*)(const void*, const void*));
  const std::vector<int> numbers = {5, 2, 9, 1};
  const auto ascending = [](const void* a, const void* b) {  // runs in the child
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
  };
  auto [sorted] = co_await libc.call<qsort_type>("qsort", glovebox::in_out(numbers), numbers.size(),
                                                 sizeof(int), ascending);
  std::cout << "sorted:";
  for (const int each : sorted) std::cout << ' ' << each;
  std::cout << '\n';
}

// Pointers of the library's are handles here: nobody can look into them but the library.
asio::awaitable<void> write_and_read(glovebox::context child, glovebox::library libc) {
  glovebox::remote<FILE> file = co_await libc.call<FILE*()>("tmpfile");
  std::cout << "written: "
            << co_await libc.call<int(const char*, FILE*)>("fputs", "kept in the child\n", file)
            << '\n';
  co_await libc.call<void(FILE*)>("rewind", file);

  // getline allocates when there is no line yet.
  auto [length, line, room] = co_await libc.call<ssize_t(char**, std::size_t*, FILE*)>(
      "getline", glovebox::out_handle<char>(), glovebox::out<std::size_t>(), file);
  const auto read = [](const char* from) { return std::string(from); };
  std::cout << length << " bytes: " << co_await child.call(read, line);
  co_await libc.call<void(void*)>("free", line);
  co_await libc.call<int(FILE*)>("fclose", file);
}

asio::awaitable<void> fail(glovebox::context child, glovebox::library libc) {
  auto [result, error] =
      co_await libc.call<glovebox::with_errno<int>(const char*)>("chdir", "/does/not/exist");
  std::cout << "chdir: " << result << ", "
            << (co_await libc.call<const char*(int)>("strerror", error)).value_or("no text")
            << '\n';
  try {
    co_await libc.call<int(int)>("sine", 1);
  } catch (const std::runtime_error& unknown) {
    std::cout << unknown.what() << '\n';
  }
  try {
    co_await child.load_library("libnothing.so.1");
  } catch (const std::runtime_error& unknown) {
    std::cout << unknown.what() << '\n';
  }
  try {
    co_await libc.call<std::size_t(const char*)>("strlen", nullptr);
  } catch (const glovebox::process_terminated& crash) {
    std::cout << crash.info().summary() << '\n';
  }
}

asio::awaitable<void> use(glovebox::context child) {
  co_await calculate(child);
  glovebox::library libc = co_await child.load_library("libc.so.6");
  co_await sort(libc);
  co_await write_and_read(child, libc);
  co_await fail(child, libc);
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  asio::io_context io;
  asio::co_spawn(io, use(glovebox::context(io)), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}
