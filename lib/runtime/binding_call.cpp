// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/binding/call_state.hpp>

#include <glovebox/binding/class_info.hpp>

#include <algorithm>
#include <stdexcept>

namespace glovebox::binding {

call_state::call_state(json_reader& reader, json_writer& writer, const self_object* object)
    : out(writer), in(reader), self_(object), start_(reader.position()) {}
call_state::~call_state() = default;

void call_state::find_arguments() {
  const auto find_positional = [&] {
    if (in.next() != json_reader::token::list) in.mismatch("a list of arguments");
    positional_.reserve(mostly);
    for (json_reader::list items(in); items.next();) {
      positional_.push_back(in.position());
      in.skip();
    }
  };
  if (in.next() == json_reader::token::dict) {
    bool found = false;
    for (json_reader::dict parts(in); parts.next();) {
      if (parts.key() == "args" && !found) {
        found = true;
        find_positional();
      } else if (parts.key() == "kwargs" && named_.empty()) {
        for (json_reader::dict members(in); members.next();) {
          for (const named_argument& each : named_)
            if (each.name == members.key()) in.fail("a keyword that occurs twice");
          named_.push_back({members.key(), in.position()});
          in.skip();
        }
      } else {
        in.fail("arguments have no such part");
      }
    }
  } else {
    find_positional();
  }
  in.finish();
}

void call_state::expect(std::size_t count, const char* what) const {
  if (positional() == count && named_.empty()) return;
  throw std::invalid_argument(std::string(what) + " takes " + std::to_string(count) +
                              (count == 1 ? " argument" : " arguments") + ", not " +
                              std::to_string(positional() + named_.size()));
}

json_reader& call_state::positional(std::size_t index) {
  if (dropped_ + index >= positional_.size())
    throw std::invalid_argument("argument " + std::to_string(index + 1) + " is missing");
  in.seek(positional_[dropped_ + index]);
  return in;
}

void call_state::begin_attempt(bool conversions) noexcept {
  read_ = false;
  in.begin_again(start_);
  in.allow_conversions(conversions);
}

std::string call_state::match(const function& what) {
  function_ = &what;
  const std::size_t given = positional();
  const auto& parameters = what.parameters;
  sources_.assign(parameters.size(), nullptr);
  if (given > parameters.size())
    return "it takes " + std::to_string(parameters.size()) +
           (parameters.size() == 1 ? " argument, " : " arguments, ") + std::to_string(given) +
           (given == 1 ? " was given" : " were given");
  for (std::size_t i = 0; i != given; ++i) sources_[i] = &positional_[dropped_ + i];
  for (const named_argument& each : named_) {
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) {
      return !one.name.empty() && one.name == each.name;
    });
    if (found == parameters.end()) return "it has no parameter '" + each.name + "'";
    auto& source = sources_[static_cast<std::size_t>(found - parameters.begin())];
    if (source) return "the argument '" + each.name + "' is given twice";
    source = &each.at;
  }
  for (std::size_t i = 0; i != parameters.size(); ++i) {
    if (sources_[i] || !parameters[i].fallback.empty()) continue;
    return parameters[i].name.empty() ? "argument " + std::to_string(i + 1) + " is missing"
                                      : "the argument '" + parameters[i].name + "' is missing";
  }
  return {};
}

bool call_state::looks_exact() {
  for (std::size_t i = 0; i != sources_.size(); ++i) {
    const unsigned exact = function_->parameters[i].exact;
    if (!sources_[i] || exact == looks_any) continue;
    in.seek(*sources_[i]);
    unsigned seen = looks_any;
    switch (in.next()) {
      case json_reader::token::null:
        seen = looks_null;
        break;
      case json_reader::token::boolean:
        seen = looks_boolean;
        break;
      case json_reader::token::number:
        seen = in.at_integer() ? looks_integer : looks_real;
        break;
      case json_reader::token::text:
        seen = looks_text;
        break;
      case json_reader::token::list:
        seen = looks_list;
        break;
      case json_reader::token::dict:
        seen = looks_dict;
        break;
      case json_reader::token::marker:
        seen = looks_marker;
        break;
      case json_reader::token::end:
      case json_reader::token::other:
        break;
    }
    if ((seen & exact) == 0) return false;
  }
  return true;
}

json_reader& call_state::go_to(std::size_t parameter) {
  if (const json_reader::mark* const at = sources_[parameter]) {
    in.seek(*at);
    return in;
  }
  const std::string& text = function_->parameters[parameter].fallback;
  fallback_.emplace(std::as_bytes(std::span(text)), std::span<const std::span<const std::byte>>(),
                    in.bounds(), in.objects());
  return *fallback_;
}

const char* call_state::name_of(std::size_t parameter) const noexcept {
  const std::string& name = function_->parameters[parameter].name;
  return name.empty() ? nullptr : name.c_str();
}

call_state::argument::argument(call_state& call, std::size_t parameter)
    : argument(call, parameter, call.name_of(parameter)) {}
call_state::argument::argument(call_state& call, std::size_t parameter, const char* name)
    : in(call.go_to(parameter)),
      path_(in, name ? name : "args", name ? static_cast<std::size_t>(-1) : parameter) {}

void* call_state::self(std::string_view wanted, bool constant) const {
  if (!self_) throw std::logic_error("a method without an object");
  void* const found = self_->of->as(wanted, self_->address);
  if (!found) in.fail("the object is a " + self_->of->title() + ", not a " + pretty_type(wanted));
  if (self_->constant && !constant) in.fail("the object is constant, and the method may change it");
  return found;
}

}  // namespace glovebox::binding
