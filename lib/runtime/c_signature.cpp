// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/c_signature.hpp"

#include <sys/types.h>
#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <type_traits>
#include <utility>

namespace glovebox::runtime {
namespace {

using kind = c_type::kind;

constexpr std::size_t longest_text = 16 * 1024;
constexpr std::size_t deepest = 32;  // brackets, pointers and callbacks inside each other
constexpr std::size_t most_parameters = 127;

// ---- the types that have names

struct named_type {
  std::string_view name;
  kind what;
  std::uint8_t size;
};

template <class T>
constexpr named_type number(std::string_view name) {
  constexpr kind what = std::is_same_v<T, bool>       ? kind::boolean
                        : std::is_floating_point_v<T> ? kind::floating
                        : std::is_signed_v<T>         ? kind::signed_integer
                                                      : kind::unsigned_integer;
  return {name, what, sizeof(T)};
}

// C's own, as they are called after `unsigned long int` has become `unsigned long`.
constexpr std::array own_types{
    named_type{"void", kind::nothing, 0},
    number<bool>("_Bool"),
    number<char>("char"),
    number<signed char>("signed char"),
    number<unsigned char>("unsigned char"),
    number<short>("short"),
    number<unsigned short>("unsigned short"),
    number<int>("int"),
    number<unsigned>("unsigned int"),
    number<long>("long"),
    number<unsigned long>("unsigned long"),
    number<long long>("long long"),
    number<unsigned long long>("unsigned long long"),
    number<float>("float"),
    number<double>("double"),
    number<long double>("long double"),
};

constexpr std::array defined_types{
    number<std::int8_t>("int8_t"),
    number<std::int16_t>("int16_t"),
    number<std::int32_t>("int32_t"),
    number<std::int64_t>("int64_t"),
    number<std::uint8_t>("uint8_t"),
    number<std::uint16_t>("uint16_t"),
    number<std::uint32_t>("uint32_t"),
    number<std::uint64_t>("uint64_t"),
    number<std::int_least8_t>("int_least8_t"),
    number<std::int_least16_t>("int_least16_t"),
    number<std::int_least32_t>("int_least32_t"),
    number<std::int_least64_t>("int_least64_t"),
    number<std::uint_least8_t>("uint_least8_t"),
    number<std::uint_least16_t>("uint_least16_t"),
    number<std::uint_least32_t>("uint_least32_t"),
    number<std::uint_least64_t>("uint_least64_t"),
    number<std::int_fast8_t>("int_fast8_t"),
    number<std::int_fast16_t>("int_fast16_t"),
    number<std::int_fast32_t>("int_fast32_t"),
    number<std::int_fast64_t>("int_fast64_t"),
    number<std::uint_fast8_t>("uint_fast8_t"),
    number<std::uint_fast16_t>("uint_fast16_t"),
    number<std::uint_fast32_t>("uint_fast32_t"),
    number<std::uint_fast64_t>("uint_fast64_t"),
    number<std::intmax_t>("intmax_t"),
    number<std::uintmax_t>("uintmax_t"),
    number<std::intptr_t>("intptr_t"),
    number<std::uintptr_t>("uintptr_t"),
    number<std::size_t>("size_t"),
    number<std::ptrdiff_t>("ptrdiff_t"),
    number<ssize_t>("ssize_t"),
    number<wchar_t>("wchar_t"),
    number<char16_t>("char16_t"),
    number<char32_t>("char32_t"),
    number<bool>("bool"),
    number<std::time_t>("time_t"),
    number<off_t>("off_t"),
    number<pid_t>("pid_t"),
    number<uid_t>("uid_t"),
    number<gid_t>("gid_t"),
    number<mode_t>("mode_t"),
};

template <class Table>
const named_type* find(const Table& table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const named_type& each) { return each.name == name; });
  return found == table.end() ? nullptr : &*found;
}

bool is_qualifier(std::string_view word) {
  return word == "const" || word == "volatile" || word == "restrict" || word == "__restrict" ||
         word == "__restrict__";
}
bool is_type_word(std::string_view word) {
  constexpr std::array<std::string_view, 11> words{"void",   "_Bool",    "char",      "short",
                                                   "int",    "long",     "float",     "double",
                                                   "signed", "unsigned", "__signed__"};
  return std::find(words.begin(), words.end(), word) != words.end();
}
bool is_tag(std::string_view word) {
  return word == "struct" || word == "union" || word == "enum";
}

// Words that are no names of a function, a parameter or a type that could be opaque.
bool is_keyword(std::string_view word) {
  constexpr std::array<std::string_view, 12> others{
      "extern",  "static",   "inline",   "typedef",       "register",      "auto",
      "_Atomic", "_Complex", "__int128", "__attribute__", "__extension__", "typeof"};
  return is_qualifier(word) || is_type_word(word) || is_tag(word) ||
         std::find(others.begin(), others.end(), word) != others.end();
}

// ---- words and marks

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class tokens {
 public:
  explicit tokens(std::string_view text) : text_(text) {
    if (text.size() > longest_text) fail("it is too long", 0);
    step();
  }

  /// The token here: a word, digits, a mark, `...`; empty at the end.
  std::string_view here() const noexcept { return token_; }
  bool at(std::string_view token) const noexcept { return token_ == token; }
  bool at_end() const noexcept { return token_.empty(); }
  bool at_word() const noexcept { return !token_.empty() && is_letter(token_.front()); }
  bool at_number() const noexcept { return !token_.empty() && is_digit(token_.front()); }

  void step() {
    std::size_t at = end_;
    while (at != text_.size() && is_space(text_[at])) ++at;
    begin_ = end_ = at;
    if (at == text_.size()) {
      token_ = {};
      return;
    }
    const char first = text_[at];
    if (is_letter(first) || is_digit(first)) {
      while (end_ != text_.size() && (is_letter(text_[end_]) || is_digit(text_[end_]))) ++end_;
    } else if (text_.substr(at, 3) == "...") {
      end_ += 3;
    } else if (std::string_view("()[]*,;").find(first) != std::string_view::npos) {
      ++end_;
    } else {
      fail("a character that no declaration of a function has");
    }
    token_ = text_.substr(begin_, end_ - begin_);
  }
  void expect(std::string_view token) {
    if (!at(token)) {
      const std::string where = at_end() ? "at the end" : "before " + std::string(here());
      fail(std::string(token) + " is missing " + where);
    }
    step();
  }
  bool take(std::string_view token) {
    if (!at(token)) return false;
    step();
    return true;
  }

  /// A place to come back to.
  std::size_t mark() const noexcept { return begin_; }
  void back_to(std::size_t mark) {
    end_ = mark;
    step();
  }

  [[noreturn]] void fail(const std::string& why) const { fail(why, begin_); }
  [[noreturn]] void fail(const std::string& why, std::size_t place) const {
    constexpr std::size_t shown = 200;
    std::string quoted;
    for (const char each : text_.substr(0, shown))
      quoted += each >= ' ' && each <= '~' ? each : '?';
    if (text_.size() > shown) quoted += "...";
    throw bad_signature("not the declaration of a C function: \"" + quoted + "\", at character " +
                        std::to_string(place + 1) + ": " + why);
  }

 private:
  std::string_view text_, token_;
  std::size_t begin_ = 0, end_ = 0;
};

// ---- the grammar

class parser {
 public:
  explicit parser(std::string_view text) : in_(text) {}

  c_signature parse() {
    in_.take("extern");
    const std::size_t start = in_.mark();
    declaration all = parse_declaration(true);
    in_.take(";");
    if (!in_.at_end()) in_.fail("more follows behind the declaration");
    if (all.type.what != kind::function) in_.fail("this declares no function", start);
    c_signature signature = *all.type.function;
    signature.name = std::move(all.name);
    return signature;
  }

 private:
  struct declaration {
    std::string name;
    c_type type;
  };

  /// Counts how deep the grammar is inside itself.
  class level {
   public:
    explicit level(parser& of) : of_(of) {
      if (++of_.depth_ > deepest) of_.in_.fail("it is nested too deeply");
    }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    ~level() { --of_.depth_; }

   private:
    parser& of_;
  };

  declaration parse_declaration(bool needs_name) {
    const level deeper(*this);
    const c_type base = parse_base();
    declaration made = parse_declarator(base, needs_name);
    return made;
  }

  // `const unsigned long int`, `struct tm const`, `size_t`
  c_type parse_base() {
    const std::size_t start = in_.mark();
    bool constant = false;
    std::vector<std::string_view> words;
    std::optional<c_type> named;
    for (; in_.at_word(); in_.step()) {
      const std::string_view word = in_.here();
      if (is_qualifier(word)) {
        constant = constant || word == "const";
      } else if (is_type_word(word)) {
        if (named) in_.fail("two types");
        words.push_back(word);
      } else if (!words.empty() || named) {
        break;  // what is declared
      } else {
        named = is_tag(word) ? parse_tag() : parse_type_name();
      }
    }
    if (words.empty() && !named) in_.fail("a type is missing", start);
    c_type type = named ? std::move(*named) : own_type(std::move(words), start);
    type.constant = constant;
    return type;
  }

  c_type parse_tag() {
    const std::string tag(in_.here());
    in_.step();
    if (!in_.at_word() || is_keyword(in_.here())) in_.fail("a name is missing behind " + tag);
    return opaque(in_.here());
  }
  c_type parse_type_name() {
    const std::string_view word = in_.here();
    if (const named_type* const known = find(defined_types, word)) return number_type(*known);
    if (is_keyword(word)) in_.fail(std::string(word) + " is not understood here");
    return opaque(word);
  }
  static c_type opaque(std::string_view name) {
    c_type type;
    type.what = kind::opaque;
    type.name = name;
    return type;
  }
  static c_type number_type(const named_type& known) {
    c_type type;
    type.what = known.what;
    type.size = known.size;
    type.name = known.name;
    return type;
  }

  // In any order: `long unsigned int long`.
  c_type own_type(std::vector<std::string_view> words, std::size_t start) {
    std::string written;
    for (const std::string_view each : words)
      written += (written.empty() ? "" : " ") + std::string(each);
    const std::string name = own_name(std::move(words));
    const named_type* const known = find(own_types, name);
    if (!known) in_.fail("there is no type " + written, start);
    return number_type(*known);
  }
  // The name in the table; empty when the words make none.
  static std::string own_name(std::vector<std::string_view> words) {
    const auto take = [&](std::string_view word) {
      const auto found = std::find(words.begin(), words.end(), word);
      if (found == words.end()) return false;
      words.erase(found);
      return true;
    };
    const bool is_unsigned = take("unsigned");
    const bool is_signed = take("signed") || take("__signed__");
    const bool is_short = take("short");
    const int longs = take("long") ? (take("long") ? 2 : 1) : 0;
    const bool is_int = take("int") || words.empty();
    if ((is_unsigned && is_signed) || (is_short && longs != 0)) return {};
    const std::string sign = is_unsigned ? "unsigned " : "";
    if (is_int) {
      if (!words.empty()) return {};
      return sign + (is_short ? "short" : longs == 2 ? "long long" : longs == 1 ? "long" : "int");
    }
    if (words.size() != 1) return {};
    const std::string name(words.front());
    if (name == "char")
      return is_short || longs != 0 ? "" : is_signed ? "signed char" : sign + name;
    if (is_unsigned || is_signed || is_short) return {};
    if (name == "double" && longs == 1) return "long double";
    return longs == 0 ? name : "";
  }

  declaration parse_declarator(c_type base, bool needs_name) {
    const level deeper(*this);
    std::size_t stars = 0;
    while (in_.at("*")) {
      if (++stars > deepest) in_.fail("it is nested too deeply");
      base = pointer_to(std::move(base));
      for (in_.step(); is_qualifier(in_.here()); in_.step())
        base.constant = base.constant || in_.at("const");
    }
    if (in_.at("(") && is_group(needs_name)) {
      // What stands behind the brackets is nearer to the type than what stands in them.
      in_.step();
      const std::size_t inside = in_.mark();
      skip_group();
      if (in_.at("[")) in_.fail("pointers to arrays are not understood");
      c_type outer = parse_suffixes(std::move(base));
      const std::size_t behind = in_.mark();
      in_.back_to(inside);
      declaration made = parse_declarator(std::move(outer), needs_name);
      in_.expect(")");
      in_.back_to(behind);
      return made;
    }
    declaration made;
    if (in_.at_word()) {
      if (is_keyword(in_.here())) in_.fail(std::string(in_.here()) + " is not understood here");
      made.name = in_.here();
      in_.step();
    } else if (needs_name) {
      in_.fail("a result type and a name are needed, as in double cos(double)");
    }
    made.type = parse_suffixes(std::move(base));
    return made;
  }

  // `(*name)`, and not the parameters of a function without a name.
  bool is_group(bool needs_name) {
    const std::size_t start = in_.mark();
    in_.step();
    bool group = in_.at("*") || in_.at("(");
    if (in_.at_word() && !is_keyword(in_.here()))
      group = needs_name || !find(defined_types, in_.here());
    in_.back_to(start);
    return group;
  }
  // To behind the bracket that closes the one just read.
  void skip_group() {
    for (std::size_t open = 1; open != 0; in_.step()) {
      if (in_.at_end()) in_.fail(") is missing at the end");
      if (in_.at("(") && ++open > longest_text) in_.fail("it is nested too deeply");
      if (in_.at(")")) --open;
    }
  }

  c_type parse_suffixes(c_type base) {
    if (in_.at("(")) {
      const std::size_t start = in_.mark();
      in_.step();
      auto signature = std::make_shared<c_signature>();
      check_value(base, start, true);
      signature->result = std::move(base);
      signature->result.constant = false;
      signature->parameters = parse_parameters();
      if (in_.at("(") || in_.at("[")) in_.fail("a function returns no function and no array");
      c_type function;
      function.what = kind::function;
      function.function = std::move(signature);
      return function;
    }
    if (in_.at("[")) {
      if (base.what == kind::nothing) in_.fail("there are no arrays of void");
      in_.step();
      while (is_qualifier(in_.here()) || in_.at("static")) in_.step();
      if (in_.at_number() || in_.at("*")) in_.step();
      in_.expect("]");
      if (in_.at("[") || in_.at("(")) in_.fail("only arrays of one dimension are understood");
      return pointer_to(std::move(base));
    }
    return base;
  }

  std::vector<c_parameter> parse_parameters() {
    std::vector<c_parameter> parameters;
    if (in_.take(")")) return parameters;
    do {
      if (in_.at("..."))
        in_.fail(
            "variadic functions cannot be called: wrap it in a function that takes fixed "
            "parameters");
      if (parameters.size() == most_parameters) in_.fail("too many parameters");
      const std::size_t start = in_.mark();
      declaration each = parse_declaration(false);
      if (each.type.what == kind::nothing && parameters.empty() && each.name.empty() && in_.at(")"))
        break;  // (void)
      if (each.type.what == kind::function) each.type = pointer_to(std::move(each.type));
      check_value(each.type, start, false);
      each.type.constant = false;  // of the callee's own copy
      parameters.push_back({std::move(each.name), std::move(each.type)});
    } while (in_.take(","));
    in_.expect(")");
    return parameters;
  }

  // Whether values of the type can be passed.
  void check_value(const c_type& type, std::size_t start, bool is_result) const {
    switch (type.what) {
      case kind::nothing:
        if (!is_result) in_.fail("a parameter cannot be void", start);
        break;
      case kind::opaque:
        in_.fail("the type " + type.name +
                     " is not known. Structs cannot be passed by value, and of enumerations and "
                     "defined types write the number that they are; other names can stand only "
                     "behind a pointer",
                 start);
      case kind::function:
        in_.fail("a function returns no function", start);
      default:
        break;
    }
  }

  static c_type pointer_to(c_type target) {
    c_type type;
    type.what = kind::pointer;
    type.size = sizeof(void*);
    type.target = std::make_shared<const c_type>(std::move(target));
    return type;
  }

  tokens in_;
  std::size_t depth_ = 0;
};

}  // namespace

c_signature parse_c_signature(std::string_view text) {
  return parser(text).parse();
}

}  // namespace glovebox::runtime
