// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "process/recorder.hpp"

#include "transport/memory_file.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace glovebox::process {
namespace {

// Two processes share these, so no lock of one process may hide in them; and a page of zeros must
// be a recorder in which nothing has happened yet.
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::atomic<std::int32_t>::is_always_lock_free);
static_assert(sizeof(std::atomic<std::uint64_t>) == sizeof(std::uint64_t));

[[noreturn]] void fail(int error, const char* step) {
  throw std::system_error(error, std::generic_category(), step);
}

recorder_page* map(int descriptor) {
  void* const address =
      ::mmap(nullptr, sizeof(recorder_page), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) fail(errno, "flight recorder: mmap");
  return static_cast<recorder_page*>(address);
}

}  // namespace

bool replace(recorder_page& page, int descriptor) noexcept {
  return ::mmap(&page, sizeof page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor,
                0) == &page;
}

namespace {

constexpr std::uint64_t nested_bit = std::uint64_t{1} << 63;  // core::session's

// An index behind a choice of arrays, rather than of pointers, is lost under g++ 12's UBSan.
template <class Page>
auto& mark_word(Page& page, std::uint64_t call) noexcept {
  auto* const words = (call & nested_bit) != 0 ? page.nested_skip : page.skip;
  return words[call % recorder_page::skip_bits / 64];
}
std::uint64_t mark_bit(std::uint64_t call) noexcept {
  return std::uint64_t{1} << (call % 64);
}

}  // namespace

bool is_marked(const recorder_page& page, std::uint64_t call) noexcept {
  return (mark_word(page, call).load(std::memory_order_seq_cst) & mark_bit(call)) != 0;
}

void mark(recorder_page& page, std::uint64_t call) noexcept {
  mark_word(page, call).fetch_or(mark_bit(call), std::memory_order_seq_cst);
}

bool unmark(recorder_page& page, std::uint64_t call) noexcept {
  if (!is_marked(page, call)) return false;
  mark_word(page, call).fetch_and(~mark_bit(call), std::memory_order_relaxed);
  return true;
}

// Not FUTEX_PRIVATE: two processes share the word.
void wake(std::atomic<std::uint32_t>& word) noexcept {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void ring_bell(recorder_page& page) noexcept {
  page.bell.fetch_add(1, std::memory_order_seq_cst);
  wake(page.bell);
}

void mark_over(recorder_page& page) noexcept {
  page.over.store(1);
  for (auto* const words : {page.skip, page.nested_skip})
    for (std::uint32_t i = 0; i != recorder_page::skip_bits / 64; ++i)
      words[i].store(~std::uint64_t{0});
  ring_bell(page);
}

void await_bell(recorder_page& page, std::uint32_t was) noexcept {
  ::syscall(SYS_futex, &page.bell, FUTEX_WAIT, was, nullptr, nullptr, 0);
}

recorder::recorder(recorder&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}

recorder& recorder::operator=(recorder&& other) noexcept {
  recorder taken(std::move(other));
  std::swap(page_, taken.page_);
  return *this;
}

recorder::~recorder() {
  if (page_ != nullptr) ::munmap(page_, sizeof(recorder_page));
}

recorder recorder::create(transport::unique_fd& descriptor) {
  transport::unique_fd memory = transport::make_memory_file("glovebox-recorder");
  if (!memory) fail(errno, "flight recorder: memfd_create");
  if (!transport::resize(memory, sizeof(recorder_page))) {
    fail(errno, "flight recorder: ftruncate");
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    fail(errno, "flight recorder: F_ADD_SEALS");
  }
  recorder made;
  made.page_ = map(memory.get());
  made.page_->magic = recorder_page::magic_value;
  descriptor = std::move(memory);
  return made;
}

recorder recorder::attach(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail(errno, "flight recorder: fstat");
  if (status.st_size != static_cast<off_t>(sizeof(recorder_page))) {
    fail(EINVAL, "flight recorder: size");
  }
  recorder attached;
  attached.page_ = map(descriptor);
  if (attached.page_->magic != recorder_page::magic_value) fail(EINVAL, "flight recorder: magic");
  return attached;
}

std::vector<std::byte> unsent_replies(const recorder& from, std::uint64_t received) {
  if (!from) return {};
  constexpr std::uint64_t size = recorder_page::ring_bytes;
  const recorder_page& page = *from;

  const std::uint64_t head = page.ring_head.load(std::memory_order_acquire);
  const std::uint64_t start = page.ring_from.load(std::memory_order_acquire);
  // received < start: the ring no longer has the first bytes that are missing, so there is no
  // frame boundary to go on from.
  if (start > head || head - start > size || received < start || received >= head) return {};

  std::vector<std::byte> bytes(static_cast<std::size_t>(head - received));
  std::uint64_t position = received;
  for (std::byte& copy : bytes) {
    // Acquire, a byte at a time: none of these loads may be moved behind the two below. A fence
    // would say the same, but the thread sanitizer does not know fences.
    copy = std::atomic_ref(from->ring[position++ % size]).load(std::memory_order_acquire);
  }

  // The child moves ring_from before it overwrites. When that has passed our first byte by now, or
  // the numbers run backwards, the copy is worth nothing.
  const std::uint64_t start_now = page.ring_from.load(std::memory_order_relaxed);
  const std::uint64_t head_now = page.ring_head.load(std::memory_order_relaxed);
  if (start_now > received || start_now < start || head_now < head) return {};
  return bytes;
}

}  // namespace glovebox::process
