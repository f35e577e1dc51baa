// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/codec/descriptors.hpp>
#include <glovebox/dynamic/descriptors.hpp>

#include <fcntl.h>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

namespace glovebox {
namespace {

using shared_descriptor = std::shared_ptr<const file_descriptor>;

shared_descriptor duplicate_of(const file_descriptor& value, const detail::codec_path& path) {
  try {
    return std::make_shared<const file_descriptor>(value.duplicate());
  } catch (const std::system_error& why) {
    path.fail(why.what());
  }
}

// Sending a number that is no descriptor would fail when nobody can be told any more.
shared_descriptor taken_over(file_descriptor&& value, const detail::codec_path& path) {
  if (::fcntl(value.get(), F_GETFD) < 0)
    path.fail(std::to_string(value.get()) + " is not an open file descriptor");
  return std::make_shared<const file_descriptor>(std::move(value));
}

void attach_descriptor(std::vector<attachment>& to, shared_descriptor descriptor,
                       const detail::codec_path& path) {
  if (to.size() >= path.bounds().attachments)
    path.fail("there is no room for another file descriptor (limits.attachments)");
  std::size_t before = 0;
  for (const attachment& each : to) before += each.descriptor >= 0 ? 1 : 0;
  if (before >= path.bounds().descriptors)
    path.fail("more than " + std::to_string(path.bounds().descriptors) +
              " file descriptors in a message (limits.descriptors)");
  const int number = descriptor->get();
  to.push_back({std::move(descriptor), {}, number});
}

constexpr const char* lost =
    "a file descriptor was lost on its way: the receiving process has no "
    "more of them left, or the kernel would not pass it";

}  // namespace

file_descriptor file_descriptor::duplicate() const {
  if (fd_ < 0) return {};
  constexpr int least = 3;  // never where a program expects its standard streams
  const int made = ::fcntl(fd_, F_DUPFD_CLOEXEC, least);
  if (made < 0)
    throw std::system_error(errno, std::generic_category(),
                            "file descriptor " + std::to_string(fd_) + " cannot be duplicated");
  return file_descriptor(made);
}

void encoder::descriptor(std::shared_ptr<const file_descriptor> value) {
  attach_descriptor(attachments_, std::move(value), *this);
}

file_descriptor decoder::descriptor() {
  if (next_ == attachments_.size()) fail("an attachment is missing");
  const std::size_t index = next_++;
  if (describes_) return {};
  if (index >= descriptors_.size()) fail("an attachment that is no file descriptor");
  if (!descriptors_[index]) fail(lost);
  return std::move(descriptors_[index]);
}

void codec<file_descriptor>::encode(encoder& out, const file_descriptor& value) {
  out.number(static_cast<std::uint8_t>(value ? 1 : 0));
  if (value) out.descriptor(duplicate_of(value, out));
}

void codec<file_descriptor>::encode_owned(encoder& out, file_descriptor&& value) {
  out.number(static_cast<std::uint8_t>(value ? 1 : 0));
  if (value) out.descriptor(taken_over(std::move(value), out));
}

file_descriptor codec<file_descriptor>::decode(decoder& in) {
  const auto present = in.number<std::uint8_t>();
  if (present > 1) in.fail("neither a file descriptor nor none");
  return present == 0 ? file_descriptor() : in.descriptor();
}

void json_writer::descriptor(std::shared_ptr<const file_descriptor> value) {
  const std::size_t index = attachments_.size();
  attach_descriptor(attachments_, std::move(value), *this);
  begin_marker("fd");
  unsigned_integer(index);
  end_marker();
}

// Duplicated, since what is read may be read again: as another type, or by another overload. But at
// one place of the text only, or a short text could use up all descriptors.
file_descriptor json_reader::descriptor() {
  space();
  const char* const place = at_;
  if (!enter("fd")) mismatch("a file descriptor");
  const std::uint64_t index = unsigned_integer(~std::uint64_t{0});
  leave();
  if (index >= descriptors_.size()) fail("an attachment that is no file descriptor");
  const file_descriptor& named = descriptors_[static_cast<std::size_t>(index)];
  if (!named) fail(lost);
  if (descriptor_places_.empty()) descriptor_places_.resize(descriptors_.size());
  const char*& known = descriptor_places_[static_cast<std::size_t>(index)];
  if (known && known != place) fail("a file descriptor that is named twice");
  known = place;
  return named.duplicate();
}

void dynamic_codec<file_descriptor>::write(json_writer& out, const file_descriptor& value) {
  value ? out.descriptor(duplicate_of(value, out)) : out.null();
}

void dynamic_codec<file_descriptor>::write(json_writer& out, file_descriptor&& value) {
  value ? out.descriptor(taken_over(std::move(value), out)) : out.null();
}

file_descriptor dynamic_codec<file_descriptor>::read(json_reader& in) {
  if (in.null()) return {};
  return in.descriptor();
}

}  // namespace glovebox
