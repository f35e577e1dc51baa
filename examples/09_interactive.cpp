// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// An interactive session: it reads commands and runs them in a child with calls that wait. Whatever
// crashes, the session keeps its variables, and goes on with a new context.
//
// 09_interactive        runs the commands of `demonstration`
// 09_interactive -      reads them from standard input: NAME = EXPRESSION, or EXPRESSION, where an
//                       expression is A+B, A/B or *A, and A and B are numbers or names
#include <glovebox/sync.hpp>

#include <glovebox/init.hpp>

#include <asio/io_context.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

// ---- runs in the child

long calculate(char how, long a, long b) {
  switch (how) {
    case '+':
      return a + b;
    case '/':
      return a / b;
    default:
      return *reinterpret_cast<const volatile char*>(static_cast<std::uintptr_t>(a));
  }
}

// ---- runs in the parent

class session {
 public:
  void run(const std::string& command) {
    const std::size_t assignment = command.find(" = ");
    const std::string name = assignment == std::string::npos ? "" : command.substr(0, assignment);
    const std::string expression =
        assignment == std::string::npos ? command : command.substr(assignment + 3);
    try {
      const long result = evaluate(expression);
      if (!name.empty()) variables_[name] = result;
      std::cout << (name.empty() ? "" : name + " is ") << result << '\n';
    } catch (const glovebox::process_terminated& crash) {
      std::cout << "crashed: signal " << crash.info().signal_number << "; still known:";
      for (const auto& [known, value] : variables_) std::cout << ' ' << known << '=' << value;
      std::cout << '\n';
      child_ = glovebox::sync(glovebox::context(io_));
    } catch (const std::exception& error) {
      std::cout << error.what() << '\n';
    }
  }

 private:
  long evaluate(const std::string& text) const {
    const std::size_t at = text.find_first_of("+/*");
    if (at == std::string::npos) return value_of(text);
    const long left =
        text[at] == '*' ? value_of(text.substr(at + 1)) : value_of(text.substr(0, at));
    const long right = text[at] == '*' ? 0 : value_of(text.substr(at + 1));
    return child_.call<&calculate>(text[at], left, right);
  }
  long value_of(const std::string& word) const {
    const auto known = variables_.find(word);
    if (known != variables_.end()) return known->second;
    std::istringstream in(word);
    long number;
    if (!(in >> number)) throw std::invalid_argument("what is '" + word + "'?");
    return number;
  }

  asio::io_context io_;  // nobody runs it: the calls do
  glovebox::sync_context child_ = glovebox::sync(glovebox::context(io_));
  std::map<std::string, long> variables_;
};

int main(int argc, char** argv) {
  glovebox::init(argc, argv);
  static constexpr const char* demonstration[] = {"a = 40+2", "b = a/2", "b/0",   "b+a",
                                                  "*0",       "c = b+1", "c+what"};
  session here;
  if (argc == 2 && std::string_view(argv[1]) == "-") {
    for (std::string line; std::cout << "> " << std::flush, std::getline(std::cin, line);)
      here.run(line);
    return 0;
  }
  for (const char* const command : demonstration) {
    std::cout << "> " << command << '\n';
    here.run(command);
  }
}
