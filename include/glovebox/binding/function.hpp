// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/binding/call_state.hpp>
#include <glovebox/value.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::binding {

/// What an argument looks like, as bits: to see without reading it that it is not exactly right.
/// Markers may be anything.
enum look : unsigned {
  looks_null = 1,
  looks_boolean = 2,
  looks_integer = 4,
  looks_real = 8,
  looks_text = 16,
  looks_list = 32,
  looks_dict = 64,
  looks_marker = 128,
  looks_any = 255
};

struct parameter {
  std::string name;  // empty: known by its position only
  std::string type;
  std::string fallback;  // JSON; empty: the argument must be given
  value kept = {};       // what the JSON names
  unsigned exact = looks_any;
};

/// A bound function: one overload.
class GLOVEBOX_API function {
 public:
  using runner = void (*)(const function& what, call_state& call);

  explicit function(runner runs) noexcept : run(runs) {}
  function(const function&) = delete;
  function& operator=(const function&) = delete;
  virtual ~function();

  /// `name(image: T, threshold: double = 0.5) -> R`
  std::string signature(std::string_view name) const;

  runner run;
  std::vector<parameter> parameters;  // without the object and what the child supplies itself
  std::string result;
  std::string doc;
  std::string object;  // type of the object that a method has besides its parameters
};

/// Functions of one name.
class GLOVEBOX_API overload_set {
 public:
  bool empty() const noexcept { return all_.empty(); }
  void add(std::shared_ptr<const function> one) { all_.push_back(std::move(one)); }

  /// Runs the first that the arguments are exactly right for, or else the first that they convert
  /// to. \throws argument_mismatch, and what the function throws
  void call(call_state& with) const;

  std::vector<std::string> signatures() const;
  std::string doc() const;

  std::string name;              // as in messages: `vision.detect`
  std::shared_ptr<void> object;  // what the host makes of it, once it is asked for

 private:
  std::string short_name() const;
  std::vector<std::shared_ptr<const function>> all_;
};

/// The arguments fit none of the overloads; the text lists them, and why.
class GLOVEBOX_API argument_mismatch : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
  ~argument_mismatch() override;
};

/// A type as people write it.
GLOVEBOX_API std::string pretty_type(std::string_view name);

}  // namespace glovebox::binding
