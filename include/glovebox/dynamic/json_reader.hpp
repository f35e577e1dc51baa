// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/codec/bulk.hpp>
#include <glovebox/codec/path.hpp>
#include <glovebox/dynamic/object_port.hpp>
#include <glovebox/error.hpp>
#include <glovebox/file_descriptor.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox {

namespace detail {

/// A number as it was sent, before anybody says which type it shall have.
struct dynamic_number {
  enum class kind { integer, real, extended };
  kind form = kind::integer;
  bool negative = false;
  uint128 magnitude = 0;   // of an integer
  std::uint64_t bits = 0;  // of a double: a signalling NaN is one as long as nobody computes
  long double extended = 0;
};

/// `{"$a":[code, attachment]}`
struct number_array {
  char kind = 'u';  // u, i or f
  std::size_t width = 1;
  std::span<const std::byte> bytes;
};

/// The handles of all objects that a text names, as our own writer writes them, in their order. For
/// the parent, which owes the child a release for each, whether it reads that far or not.
GLOVEBOX_API std::vector<std::uint64_t> references_in(std::span<const std::byte> json);

}  // namespace detail

/// Reads what `json_writer` wrote, and other JSON, from bytes that may be anything: never outside
/// them, never deeper than the limits allow, with memory only within the limits. Errors are
/// `codec_error`, with the path of the value. Not thread-safe.
class GLOVEBOX_API json_reader : public detail::codec_path {
 public:
  using scope = detail::path_scope;
  /// `other` is what no JSON begins with.
  enum class token { null, boolean, number, text, list, dict, marker, end, other };

  /// All must outlive the reader, and the bytes must not change meanwhile.
  /// \param objects null: objects cannot be read
  /// \param descriptors by the index of their attachment; the reader duplicates them
  explicit json_reader(std::span<const std::byte> json,
                       std::span<const std::span<const std::byte>> attachments = {},
                       const limits& bounds = {}, detail::object_port* objects = nullptr,
                       std::span<const file_descriptor> descriptors = {}) noexcept
      : codec_path(bounds),
        at_(reinterpret_cast<const char*>(json.data())),
        begin_(at_),
        end_(at_ + json.size()),
        attachments_(attachments),
        descriptors_(descriptors),
        budget_(bounds.decoded_bytes),
        may_retry_(std::uint64_t{json.size()} * 64 + 64 * 1024),
        objects_(objects) {}

  /// Whether values may be read into types that are not theirs, where nothing that matters is lost:
  /// an integer into a double that can hold it, a double into the nearest float, a list of numbers
  /// into bytes. Never a double into an integer, nor anything into a bool.
  bool conversions() const noexcept { return conversions_; }
  void allow_conversions(bool yes) noexcept { conversions_ = yes; }
  /// What a conversion is refused with: as a mismatch.
  void require_conversions(std::string_view wanted) {
    if (!conversions_) mismatch(wanted);
  }

  /// What comes next; consumes nothing but white space.
  token next();
  /// Of a number that comes next: whether it is an integer.
  bool at_integer() const noexcept;
  /// The name of the marker that comes next, without its `$`; empty when none does.
  std::string_view marker();
  /// Enters the marker, if that comes next: its value is to be read, then `leave` to be called.
  bool enter(std::string_view name);
  void leave();

  /// Consumes a null, if one comes next.
  bool null();
  bool boolean();
  template <class T>
  requires(std::integral<T> || detail::is_int128<T>) T integer() {
    if constexpr (detail::is_int128<T>)
      return static_cast<T>(wide_integer(std::is_same_v<T, detail::int128>));
    else if constexpr (std::is_signed_v<T>)
      return static_cast<T>(
          signed_integer(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    else
      return static_cast<T>(unsigned_integer(std::numeric_limits<T>::max()));
  }
  double real();
  float single();
  long double extended();
  detail::dynamic_number number() { return number("a number"); }
  /// Text of any length; what is not UTF-8 too.
  std::string string();
  /// The same, where it lies if possible, else in `scratch`.
  std::string_view text(std::string& scratch);
  /// A single code point.
  char32_t character();
  /// Text as units of UTF-16 or UTF-32: `count_wide` first, then `write_wide` into memory for
  /// `count` units. `scratch` holds the text in between.
  struct wide {
    std::string_view utf8;
    std::size_t count = 0;
    bool raw = false;
  };
  wide wide_text(std::size_t width, std::string& scratch);
  void write_wide(const wide& text, std::size_t width, void* to) const;
  /// Bytes, as a vector or copied to whoever wants them.
  std::vector<std::byte> bytes();
  /// The same, where they lie if possible, else in `scratch`.
  std::span<const std::byte> bytes(std::vector<std::byte>& scratch);
  /// Contiguous numbers that came as an attachment, if such come next, with this code or any.
  std::optional<detail::number_array> numbers(std::string_view code = {});
  /// Bytes of the binary codec.
  std::span<const std::byte> binary(std::vector<std::byte>& scratch);
  /// \throws std::system_error when this process has no more descriptors left
  file_descriptor descriptor();
  /// Passes over a value, whatever it is. \returns its text
  std::string_view skip();

  class list;
  class dict;

  /// Parent: an object that a result names.
  struct reference {
    std::shared_ptr<const detail::object_reference> object;
    std::string kind;
    std::string type;
  };
  reference object();
  /// Child: the object that an argument names. \param constant whether reading is enough
  detail::held_address resolve(std::string_view wanted, bool constant);

  /// Where the reader is, to go back there when reading as one type has failed.
  struct mark {
    const char* at;
    std::uint64_t budget;
  };
  mark position() const noexcept { return {at_, budget_}; }
  /// \throws codec_error when this happens too often: texts exist that fit in very many ways almost
  void reset(const mark& to);
  /// Goes anywhere in the text; the memory taken so far counts on.
  void seek(const mark& to) noexcept { at_ = to.at; }
  /// Runs `read`; when it throws codec_error, goes back and returns false.
  template <class Read>
  bool attempt(Read&& read) {
    const mark start = position();
    try {
      read();
      return true;
    } catch (const codec_error&) {
      reset(start);
      return false;
    }
  }

  /// Notes that reading is about to take memory. \throws codec_error above `limits.decoded_bytes`
  void charge(std::uint64_t bytes) {
    if (bytes > budget_) over_budget();
    budget_ -= bytes;
  }
  /// \throws codec_error unless all text was read
  void finish();
  /// \throws codec_error: a `wanted` thing was expected, not what comes next
  [[noreturn]] void mismatch(std::string_view wanted);

  // ---- for the library
  /// Enters what is written around a variant's or an optional's value, for readers of the value
  /// alone. Returns how many brackets are to be closed behind the value, 0 when there are none.
  int enter_wrapper() {
    if (at_ != end_ && *at_ > ' ' && *at_ != '{') return 0;
    return enter_wrapper_slowly();
  }
  void leave_wrapper(int brackets);
  /// A list of a known form.
  void begin_parts() { expect('[', "a list was expected"); }
  void next_part() { expect(',', "a list that is too short"); }
  void end_parts() { expect(']', "a list that is too long"); }
  /// What is read is only to be found sound or not: descriptors, which a `value` cannot hold, are
  /// read as nulls then.
  bool only_judges() const noexcept { return only_judges_; }
  void only_judge() noexcept { only_judges_ = true; }
  detail::object_port* objects() const noexcept { return objects_; }
  void begin_again(const mark& at) noexcept {
    at_ = at.at;
    budget_ = at.budget;
  }

 private:
  friend class list;

  [[noreturn]] void syntax(const char* what) const;
  [[noreturn]] void over_budget() const;
  [[noreturn]] void beyond(const detail::dynamic_number& got, std::string_view least,
                           std::string_view most) const;
  void space() noexcept {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  void expect(char c, const char* what);
  bool take(char c) noexcept {
    space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void word(std::string_view text);
  std::string found();
  const char* behind_marker(std::string_view& name) noexcept;
  int enter_wrapper_slowly();
  std::int64_t signed_integer(std::int64_t least, std::int64_t most);
  std::uint64_t unsigned_integer(std::uint64_t most);
  detail::uint128 wide_integer(bool is_signed);
  bool quick_integer(bool& negative, std::uint64_t& magnitude);
  detail::dynamic_number number(std::string_view wanted);
  detail::dynamic_number literal();
  detail::dynamic_number marked_number(std::string_view name);
  std::uint64_t hex(std::string_view digits);
  std::string_view quoted(std::string& scratch, std::string_view wanted);
  void unescape(std::string& to);
  char32_t escaped_unit();
  std::span<const std::byte> attached();
  template <class Container>
  void base64(Container& to);
  std::uint64_t handle(std::string* kind, std::string* type);
  void skip_value();

  const char* at_;
  const char* begin_;
  const char* end_;
  std::span<const std::span<const std::byte>> attachments_;
  std::span<const file_descriptor> descriptors_;
  std::vector<const char*> descriptor_places_;  // where each was read
  std::uint64_t budget_;
  std::uint64_t may_retry_;
  detail::object_port* objects_;
  bool conversions_ = true;
  bool only_judges_ = false;
};

/// A list that is being read: `for (json_reader::list items(in); items.next();) ... read one`.
/// Contiguous numbers that came as an attachment are a list, too.
class GLOVEBOX_API json_reader::list {
 public:
  explicit list(json_reader& in) : in_(in), numbers_(open()), path_(in, 0) {}
  list(const list&) = delete;
  list& operator=(const list&) = delete;
  ~list();

  /// Whether there is another element, to which it moves. The last one must have been read.
  bool next();
  /// Of the current element.
  std::size_t index() const noexcept { return next_ - 1; }
  /// How many elements have been moved to.
  std::size_t count() const noexcept { return next_; }

 private:
  bool open();
  bool next_number();

  json_reader& in_;
  std::size_t next_ = 0;
  detail::number_array array_;  // before numbers_, which fills it
  bool numbers_;
  detail::path_scope path_;
  const char* outer_at_ = nullptr;
  const char* outer_end_ = nullptr;
  char text_[80];
};

/// A dict that is being read. A key that occurs twice is for the caller to refuse.
class GLOVEBOX_API json_reader::dict {
 public:
  explicit dict(json_reader& in) : in_(opened(in)), path_(in) {}
  dict(const dict&) = delete;
  dict& operator=(const dict&) = delete;

  /// Whether there is another member, to whose value it moves.
  bool next();
  const std::string& key() const noexcept { return key_; }
  /// Takes the key; errors about this member are then told without its name.
  std::string take_key() noexcept {
    path_.at(static_cast<const char*>(nullptr));
    return std::move(key_);
  }
  /// \throws codec_error about a member that is not there
  [[noreturn]] void missing(const char* name);

 private:
  static json_reader& opened(json_reader& in);

  json_reader& in_;
  detail::path_scope path_;
  std::size_t count_ = 0;
  std::string key_;
  std::string scratch_;
};

}  // namespace glovebox
