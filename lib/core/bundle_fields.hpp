// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace glovebox::core {

/// Text of any bytes as JSON: a string, or, where it is no UTF-8, `{"base64": ...}`.
boost::json::value json_of(std::string_view text);
boost::json::array json_of(const std::vector<std::string>& texts);

/// Reads the fields of a JSON object that somebody else has made. Everything that is not as
/// expected is a `bundle_error` that names the field.
class fields {
 public:
  static constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();

  /// Both must outlive it. \param path what messages call it; empty: nothing
  fields(const boost::json::object& from, std::string path)
      : from_(&from), path_(std::move(path)) {}

  bool has(std::string_view key) const noexcept { return from_->contains(key); }
  fields object(std::string_view key) const;
  /// Empty when it is not there.
  std::string text(std::string_view key) const;
  /// The same, and no zero byte is in it: what the system would take for its end.
  std::string system_text(std::string_view key) const;
  /// An absolute path.
  std::string path(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<std::string> system_texts(std::string_view key) const;
  /// `otherwise` when it is not there.
  std::uint64_t number(std::string_view key, std::uint64_t otherwise, std::uint64_t least,
                       std::uint64_t most) const;
  bool flag(std::string_view key) const;
  /// Bytes in hexadecimal; empty when it is not there.
  std::string hex(std::string_view key) const;
  std::vector<std::uint64_t> numbers(std::string_view key) const;

  /// One of these names: its position.
  std::size_t choice(std::string_view key, std::initializer_list<std::string_view> names) const;

  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  const boost::json::value& at(std::string_view key) const;
  std::string text_of(std::string_view key, const boost::json::value& value) const;
  const boost::json::array& array(std::string_view key) const;
  void check_for_system(std::string_view key, const std::string& text) const;

  const boost::json::object* from_;
  std::string path_;
};

}  // namespace glovebox::core
