// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The fork server beside an application with habits of its own, and the end of all things.
#include "process_fixture.hpp"
#include "support/time_scale.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <thread>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace process_test {
namespace {

constexpr start_method both[] = {start_method::forkserver, start_method::spawn};

// A child of the application itself.
template <class Body>
pid_t fork_own(Body body) {
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) ::_exit(body());
  return pid;
}

bool has_no_children() {
  return ::waitpid(-1, nullptr, WNOHANG | __WALL) == -1 && errno == ECHILD;
}

void whole_life(application& app, start_method method) {
  const child c = app.start(method);
  if (c.ask("pid") != std::to_string(c.pid)) throw std::runtime_error("another child answered");
  c.tell("exit 5");
  const auto status = app.wait_for_exit(c);
  if (status.code != CLD_EXITED || status.status != 5) throw std::runtime_error("wrong status");
}

BOOST_AUTO_TEST_SUITE(beside_the_application)

BOOST_AUTO_TEST_CASE(server_is_nobodys_child_and_keeps_to_itself) {
  std::signal(SIGUSR1, SIG_IGN);
  application app;
  std::signal(SIGUSR1, SIG_DFL);
  BOOST_TEST(has_no_children());
  BOOST_TEST(::getsid(app.server.pid) == app.server.pid);
  // Once it serves, it has nothing but its streams, control and signals.
  app.settle();
  BOOST_TEST(open_descriptors(app.server.pid).size() == 5u);
  BOOST_TEST(status_of(app.server.pid, "SigIgn") == "0000000000000000");
  BOOST_TEST(status_of(app.server.pid, "SigBlk") == "0000000000010000");  // SIGCHLD
}

BOOST_AUTO_TEST_CASE(sigchld_ignored) {
  for (const int flags : {0, SA_NOCLDWAIT}) {
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = flags == 0 ? SIG_IGN : SIG_DFL;
    action.sa_flags = flags;
    ::sigaction(SIGCHLD, &action, &before);
    {
      application app;
      for (const start_method method : both) BOOST_CHECK_NO_THROW(whole_life(app, method));
    }
    ::sigaction(SIGCHLD, &before, nullptr);
  }
}

std::atomic<int> sigchld_seen{0};

BOOST_AUTO_TEST_CASE(no_sigchld_is_raised) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { ++sigchld_seen; };
  ::sigaction(SIGCHLD, &action, &before);
  {
    application app;
    for (const start_method method : both) BOOST_CHECK_NO_THROW(whole_life(app, method));
    app.server.control.reset();
    BOOST_TEST(ended(app.server.pidfd.get()));
  }
  ::sigaction(SIGCHLD, &before, nullptr);
  BOOST_TEST(sigchld_seen == 0);
}

BOOST_AUTO_TEST_CASE(wait_for_any_child_finds_its_own_only) {
  application app;
  const child c = app.start();
  const pid_t own = fork_own([] { return 7; });
  int status = 0;
  BOOST_TEST(::waitpid(-1, &status, 0) == own);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 7));
  // The loop ends while server and child live.
  BOOST_TEST(::waitpid(-1, &status, 0) == -1);
  BOOST_TEST(errno == ECHILD);
  BOOST_TEST(c.ask("group") == "own");
}

BOOST_AUTO_TEST_CASE(thread_that_waits_for_everything_meanwhile) {
  for (const int flags : {0, __WALL}) {  // with __WALL it even takes the intermediate process
    std::atomic<bool> stop{false};
    std::thread greedy([&] {
      while (!stop) {
        if (::waitpid(-1, nullptr, flags) == -1) std::this_thread::yield();
      }
    });
    for (int i = 0; i < 20; ++i) {
      application app;
      BOOST_CHECK_NO_THROW(whole_life(app, both[i % 2]));
    }
    stop = true;
    greedy.join();
  }
}

BOOST_AUTO_TEST_CASE(started_from_a_thread_that_ends) {
  std::optional<application> app;
  std::optional<child> c;
  std::thread([&] {
    app.emplace();
    c.emplace(app->start());
  }).join();
  BOOST_TEST(c->ask("pid") == std::to_string(c->pid));
  BOOST_CHECK_NO_THROW(whole_life(*app, start_method::spawn));
}

BOOST_AUTO_TEST_CASE(several_threads_at_once) {
  std::atomic<int> failed{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&failed, t] {
      try {
        for (int i = 0; i < 5; ++i) {
          application app;
          whole_life(app, both[(i + t) % 2]);
        }
      } catch (const std::exception&) {
        ++failed;
      }
    });
  }
  // Signals rain meanwhile.
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &action, &before);
  std::thread rain([&stop] {
    while (!stop) {
      ::kill(::getpid(), SIGUSR1);
      std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  rain.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  BOOST_TEST(failed == 0);
  BOOST_TEST(has_no_children());
}

BOOST_AUTO_TEST_CASE(an_application_without_standard_streams) {
  const pid_t pid = fork_own([] {
    for (int stream = 0; stream <= 2; ++stream) ::close(stream);
    try {
      application app;
      const child c = app.start();
      if (c.ask("link /proc/self/fd/1") != "/dev/null") return 2;
      whole_life(app, start_method::spawn);
      return 0;
    } catch (const std::exception&) {
      return 1;
    }
  });
  int status = -1;
  BOOST_TEST(::waitpid(pid, &status, 0) == pid);
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(an_application_that_adopts_orphans) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  {
    application app;
    BOOST_CHECK_NO_THROW(whole_life(app, start_method::forkserver));
    process::reap_if_adopted(app.server);  // lives: nothing happens
    BOOST_CHECK_NO_THROW(whole_life(app, start_method::forkserver));
    app.server.control.reset();
    BOOST_TEST(ended(app.server.pidfd.get()));
    process::reap_if_adopted(app.server);
    BOOST_TEST(has_no_children());
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  application app;
  process::reap_if_adopted(app.server);  // not ours: nothing happens
  BOOST_CHECK_NO_THROW(whole_life(app, start_method::forkserver));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(nothing_is_left)

BOOST_AUTO_TEST_CASE(two_hundred_children) {
  application app;
  app.settle();
  const auto own_before = open_descriptors(::getpid());
  const auto servers_before = open_descriptors(app.server.pid);
  {
    std::vector<child> children;
    for (int i = 0; i < 200; ++i) children.push_back(app.start(both[i % 20 == 0]));
    for (const child& c : children)
      BOOST_TEST(c.ask("group") == "own");  // it is none of the server's any more
    BOOST_TEST(children_of(app.server.pid).size() == 200u);
    for (const child& c : children) process::kill_process(c.pidfd.get(), SIGKILL);
    for (const child& c : children) {
      const auto status = app.wait_for_exit(c);
      BOOST_TEST((status.code == CLD_KILLED && status.status == SIGKILL));
    }
  }
  app.settle();
  BOOST_TEST(children_of(app.server.pid).empty());
  BOOST_TEST(open_descriptors(::getpid()) == own_before, boost::test_tools::per_element());
  // And two of the child that it keeps for whoever wants the next.
  BOOST_TEST(open_descriptors(app.server.pid).size() <= servers_before.size() + 2);
}

BOOST_AUTO_TEST_CASE(an_application_that_does_not_listen) {
  application app;
  std::vector<child> children;
  // Answers are more than fit into the server's queue and the socket together: it must stop reading
  // requests, and lose nothing. Until requests jam, too.
  while (children.size() < 600 &&
         writable(app.server.control.get(), 300 * glovebox::test::time_scale)) {
    children.push_back(app.request({}));
    children.back().tell("descriptors");
    children.back().tell("exit 3");
  }
  BOOST_TEST(children.size() > 100u);
  // Its own, the queue's, those of one start, those of a child that is kept.
  BOOST_TEST(open_descriptors(app.server.pid).size() <= 5u + 64u + 5u + 2u);
  for (const child& c : children) {
    const auto answer = app.next(c.id);
    BOOST_REQUIRE(std::holds_alternative<process::started>(answer));
    const auto status = app.wait_for_exit(c);
    BOOST_TEST((status.code == CLD_EXITED && status.status == 3));
    BOOST_TEST(ended(app.take_pidfd(c.id).get()));
    BOOST_TEST(stray_descriptors(c.line()) == "");
  }
  app.settle();
  BOOST_TEST(children_of(app.server.pid).empty());
}

BOOST_AUTO_TEST_CASE(grandchildren_go_with_their_child) {
  for (const start_method method : both) {
    for (const std::string how : {"daemonise", "leave_behind"}) {
      for (const std::string end : {"exit 1", "raise 9"}) {
        application app;
        const child c = app.start(method);
        const unique_fd grandchild = watch(std::stoi(c.ask(how)));
        BOOST_REQUIRE(grandchild);
        c.tell(end);
        app.wait_for_exit(c);
        BOOST_TEST(ended(grandchild.get()), how << ", " << end);
        BOOST_TEST(c.hung_up());  // nobody has a copy of the channel any more
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(others_live_on) {
  application app;
  const child survivor = app.start();
  const unique_fd with_it = watch(std::stoi(survivor.ask("leave_behind")));
  const child victim = app.start();
  const unique_fd orphan = watch(std::stoi(victim.ask("daemonise")));
  process::kill_process(victim.pidfd.get(), SIGKILL);
  app.wait_for_exit(victim);
  BOOST_TEST(ended(orphan.get()));
  BOOST_TEST(survivor.ask("group") == "own");
  BOOST_TEST(!readable(with_it.get(), 0));
}

struct family {
  application app;
  child forked = app.start(start_method::forkserver);
  child spawned = app.start(start_method::spawn);
  child stopped = app.start(start_method::forkserver);
  unique_fd daemon = watch(std::stoi(forked.ask("daemonise")));
  unique_fd left_behind = watch(std::stoi(spawned.ask("leave_behind")));

  family() {
    BOOST_REQUIRE((daemon && left_behind));
    stopped.ask("pid");  // stopped before it is prepared, it would not follow a server that dies
    process::kill_process(stopped.pidfd.get(), SIGSTOP);
  }
};

BOOST_FIXTURE_TEST_CASE(the_application_closes_control, family) {
  app.server.control.reset();
  BOOST_TEST(ended(app.server.pidfd.get()));
  // It reaps all before it goes, so nothing has still to be waited for.
  for (const unique_fd* gone :
       {&forked.pidfd, &spawned.pidfd, &stopped.pidfd, &daemon, &left_behind}) {
    BOOST_TEST(readable(gone->get(), 0));
  }
  if (const auto status = process::exit_from_pidfd(app.server.pidfd.get())) {
    BOOST_TEST(status->code == CLD_EXITED);
    BOOST_TEST(status->status == 0);
  }
}

BOOST_FIXTURE_TEST_CASE(the_application_is_killed, family) {
  // An application of its own, which has a server with a child, and is killed.
  auto [read_end, write_end] = transport::stream_pair();
  const int report = write_end.get();
  const pid_t doomed = fork_own([report] {
    application inner;
    const child c = inner.start();
    const pid_t pids[] = {inner.server.pid, c.pid};
    if (::write(report, pids, sizeof pids) != sizeof pids) return 1;
    for (;;) ::pause();
  });
  pid_t pids[2];
  BOOST_REQUIRE(readable(read_end.get()));
  BOOST_REQUIRE(::read(read_end.get(), pids, sizeof pids) == sizeof pids);
  const unique_fd server_pidfd = watch(pids[0]);
  const unique_fd child_pidfd = watch(pids[1]);
  BOOST_REQUIRE((server_pidfd && child_pidfd));
  ::kill(doomed, SIGKILL);
  BOOST_TEST(::waitpid(doomed, nullptr, 0) == doomed);
  BOOST_TEST(ended(server_pidfd.get()));
  BOOST_TEST(ended(child_pidfd.get()));
  BOOST_TEST(forked.ask("group") == "own");
}

BOOST_FIXTURE_TEST_CASE(the_server_is_killed, family) {
  process::kill_process(app.server.pidfd.get(), SIGKILL);
  BOOST_TEST(ended(app.server.pidfd.get()));
  BOOST_TEST(ended(forked.pidfd.get()));
  BOOST_TEST(ended(spawned.pidfd.get()));
  BOOST_TEST(ended(stopped.pidfd.get()));
  BOOST_CHECK_THROW(app.next(forked.id), std::runtime_error);
  // Nobody is left to do it.
  process::kill_process(daemon.get(), SIGKILL);
  process::kill_process(left_behind.get(), SIGKILL);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace process_test
