// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// A module that is not trusted, in a jail: nothing of it runs before the child has lost its
// privileges and everything outside of one directory. Needs root.
#include <glovebox/glovebox.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

std::string look_around() {
  std::string seen = "uid " + std::to_string(::getuid()) + " sees in /:";
  for (const auto& each : std::filesystem::directory_iterator("/"))
    seen += ' ' + each.path().filename().string();
  return seen;
}

std::string result_of(int failed) {
  return failed ? std::strerror(errno) : "done";
}

asio::awaitable<void> run(glovebox::context child, std::string root, std::string module) {
  glovebox::jail_options options(root, 54321, 54321);
  options.modules = {module};
  co_await child.jail(options);
  std::cout << "the child: " << co_await child.call<&look_around>() << '\n';
  std::cout << "../../../etc/passwd: " << co_await child.call([] {
    return result_of(::access("../../../etc/passwd", R_OK));
  }) << '\n';
  std::cout << "setuid(0): " << co_await child.call([] { return result_of(::setuid(0)); }) << '\n';
  std::cout << "chroot(\"/\"): " << co_await child.call([] { return result_of(::chroot("/")); })
            << '\n';
  try {
    co_await child.jail(options);
  } catch (const std::runtime_error& error) {
    std::cout << "once more: " << error.what() << '\n';
  }
}

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  if (::geteuid() != 0) {
    std::cout << "a jail needs root\n";
    return 77;  // what test runners take for "not applicable here"
  }
  // Root's own directory, which nobody else can change, with what the module may see.
  std::string root = std::filesystem::temp_directory_path() / "glovebox-jail-XXXXXX";
  if (!::mkdtemp(root.data()) || ::chmod(root.c_str(), 0755) != 0) return 1;
  std::ofstream(root + "/data") << "for the module\n";

  asio::io_context io;
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  asio::co_spawn(io, run(glovebox::context(io), root, here / "06_untrusted.so"),
                 [](std::exception_ptr error) {
                   if (error) std::rethrow_exception(error);
                 });
  io.run();
  std::filesystem::remove_all(root);
}
