// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "transport/shared_memory.hpp"

#include "transport/memory_file.hpp"

#include <glovebox/shared_array.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>
#include <vector>

namespace glovebox::transport {
namespace {

// The first page of each is the library's own: how many handles the child has.
constexpr std::size_t header_bytes = 4096;
constexpr std::size_t granularity = 64 * 1024;
constexpr int parents_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
constexpr int immutable_seals = parents_seals | F_SEAL_WRITE;

// Of the parent's blocks that nobody uses, for all contexts together.
constexpr std::size_t most_spare = 16;
constexpr std::size_t most_spare_bytes = std::size_t{1} << 30;
// Mappings that a child keeps, so that what comes again need not be mapped again.
constexpr std::size_t most_cached = 16;

struct header {
  std::atomic<std::uint32_t> child_handles;
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

using file_identity = std::pair<dev_t, ino_t>;

/// A mapped memfd.
class mapping {
 public:
  mapping(unique_fd&& memory, std::size_t size, int protection)
      : fd(std::move(memory)), size_(size) {
    base_ = ::mmap(nullptr, size_, protection, MAP_SHARED, fd.get(), 0);
    if (base_ == MAP_FAILED)
      throw std::system_error(errno, std::generic_category(), "shared memory: mmap");
    struct stat info {};
    if (::fstat(fd.get(), &info) == 0) identity = {info.st_dev, info.st_ino};
  }
  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;
  ~mapping() { ::munmap(base_, size_); }

  std::byte* data() const noexcept { return static_cast<std::byte*>(base_) + header_bytes; }
  std::size_t capacity() const noexcept { return size_ - header_bytes; }
  std::atomic<std::uint32_t>& child_handles() const noexcept {
    return static_cast<header*>(base_)->child_handles;
  }

  /// The bytes never change again. What is mapped for writing cannot be sealed, so for a moment
  /// nothing is there.
  void freeze() {
    const auto check = [](bool good, const char* step) {
      if (!good) throw std::system_error(errno, std::generic_category(), step);
    };
    // Who accepts it must not pay for blocks when it reads.
    check(allocate(fd, size_), "shared memory: fallocate");
    check(::mmap(base_, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
                 -1, 0) != MAP_FAILED,
          "shared memory: mmap");
    const bool sealed = ::fcntl(fd.get(), F_ADD_SEALS, immutable_seals) == 0;
    const int error = errno;
    check(::mmap(base_, size_, sealed ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                 fd.get(), 0) != MAP_FAILED,
          "shared memory: mmap");
    errno = error;
    check(sealed, "shared memory: F_ADD_SEALS");
  }

  unique_fd fd;
  file_identity identity{};
  // Parent, of a block of its own: who has it mapped as well.
  std::weak_ptr<detail::target> seen_by;
  bool seen = false;
  bool used_up = false;  // by several, or by somebody who may not have finished

 private:
  void* base_ = nullptr;
  std::size_t size_;
};

bool same_owner(const std::weak_ptr<detail::target>& a, const std::weak_ptr<detail::target>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

constinit thread_local bool thread_is_child = false;

enum class origin { own, childs, received };

class block final : public detail::shared_block {
 public:
  block(std::shared_ptr<mapping> of, origin from, bool may_write)
      : memory(std::move(of)), came_from(from) {
    data_ = memory->data();
    capacity_ = memory->capacity();
    writable_ = may_write;
    if (counted()) memory->child_handles().fetch_add(1);
  }
  ~block() override;

  void freeze() {
    if (came_from != origin::childs || !writable_) return;
    memory->freeze();
    writable_ = false;
  }

  std::shared_ptr<mapping> memory;
  origin came_from;

 private:
  bool counted() const noexcept;
};

/// All shared memory of this process.
class registry {
 public:
  // Not destroyed: handles may live longer than statics.
  static registry& get() {
    static registry* const one = new registry;
    return *one;
  }

  std::shared_ptr<block> make(std::size_t bytes, const std::shared_ptr<detail::target>& home) {
    if (bytes > SIZE_MAX / 2) throw std::bad_alloc();
    const std::size_t wanted = (bytes + granularity - 1) / granularity * granularity;
    const bool child = in_child();
    std::shared_ptr<mapping> memory = home && !child ? take_spare(wanted, home) : nullptr;
    if (!memory) {
      const std::size_t size = header_bytes + wanted;
      unique_fd file = make_memory_file("glovebox-shared");
      const auto check = [](bool good, const char* step) {
        if (!good) throw std::system_error(errno, std::generic_category(), step);
      };
      check(bool(file), "shared memory: memfd_create");
      check(resize(file, size), "shared memory: ftruncate");
      if (!child)
        check(::fcntl(file.get(), F_ADD_SEALS, parents_seals) == 0, "shared memory: F_ADD_SEALS");
      memory = std::make_shared<mapping>(std::move(file), size, PROT_READ | PROT_WRITE);
    }
    auto made = std::make_shared<block>(memory, child ? origin::childs : origin::own, true);
    remember(made);
    return made;
  }

  std::shared_ptr<block> receive(unique_fd file, std::uint64_t bytes,
                                 const detail::codec_path& path) {
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) path.fail("shared memory that is no file");
    const file_identity identity{info.st_dev, info.st_ino};
    const auto size = static_cast<std::uint64_t>(std::max<off_t>(info.st_size, 0));
    const bool child = in_child();
    if (const auto known = find(identity)) {
      // Made by a child that is a thread, which still has it.
      if (!child && known->came_from == origin::childs && size > path.bounds().decoded_bytes)
        path.fail("shared memory above limits.decoded_bytes");
      if (bytes > known->capacity()) path.fail("more elements than the shared memory has room for");
      return known;
    }
    const int seals = ::fcntl(file.get(), F_GET_SEALS);
    const bool immutable = seals >= 0 && (seals & immutable_seals) == immutable_seals;
    const bool trusted = child && seals >= 0 && (seals & parents_seals) == parents_seals;
    if (!immutable && !trusted)
      path.fail("shared memory that is neither the parent's nor immutable");
    if (size < header_bytes || bytes > size - header_bytes || size > SIZE_MAX / 2)
      path.fail("more elements than the shared memory has room for");
    if (!child && size > path.bounds().decoded_bytes)
      path.fail("shared memory above limits.decoded_bytes");
    if (!child && static_cast<std::uint64_t>(info.st_blocks) * 512 < size)
      path.fail("shared memory whose blocks are not allocated");
    // A thread maps what is there already, as a rule, and must leave nothing behind.
    const bool keeps = process_is_child && !immutable;
    std::shared_ptr<mapping> memory = keeps ? cached(identity) : nullptr;
    if (!memory) {
      memory = std::make_shared<mapping>(std::move(file), static_cast<std::size_t>(size),
                                         immutable ? PROT_READ : PROT_READ | PROT_WRITE);
      if (keeps) cache(memory);
    }
    auto made = std::make_shared<block>(memory, origin::received, !immutable);
    remember(made);
    return made;
  }

  void forget(block& gone) noexcept {
    std::vector<std::shared_ptr<mapping>> dropped;  // unmapped without the lock
    const std::lock_guard lock(lock_);
    const auto found = by_file_.find(gone.memory->identity);
    if (found != by_file_.end() && found->second.expired()) by_file_.erase(found);
    by_descriptor_.erase(&gone.memory->fd);
    if (gone.came_from != origin::own || !gone.memory->seen || gone.memory->used_up) return;
    // The child has it still: who would fill it again would change what it reads.
    if (gone.memory->child_handles().load() != 0) return;
    try {
      dropped.reserve(spare_.size() + 1);
      spare_.push_back(gone.memory);
    } catch (...) {
      return;
    }
    trim(dropped);
  }

  void was_sent(const void* descriptor, const std::shared_ptr<detail::target>& to) {
    const std::lock_guard lock(lock_);
    const auto found = by_descriptor_.find(descriptor);
    if (found == by_descriptor_.end()) return;
    mapping& memory = *found->second;
    if (memory.seen && !same_owner(memory.seen_by, to)) memory.used_up = true;
    memory.seen = true;
    memory.seen_by = to;
  }
  void was_abandoned(const void* descriptor) noexcept {
    const std::lock_guard lock(lock_);
    const auto found = by_descriptor_.find(descriptor);
    if (found != by_descriptor_.end()) found->second->used_up = true;
  }

  void owner_ended(const std::weak_ptr<detail::target>& owner) noexcept {
    std::vector<std::shared_ptr<mapping>> dropped;  // unmapped without the lock
    const std::lock_guard lock(lock_);
    for (const auto& [descriptor, memory] : by_descriptor_)
      if (memory->seen && same_owner(memory->seen_by, owner)) memory->used_up = true;
    try {
      dropped.reserve(spare_.size());
    } catch (...) {
      return;  // they go with the next use of the others
    }
    for (const auto& each : spare_)
      if (same_owner(each->seen_by, owner)) each->seen_by.reset();
    trim(dropped);
  }

  std::atomic<bool> process_is_child = false;

 private:
  bool in_child() const noexcept { return process_is_child || thread_is_child; }
  void remember(const std::shared_ptr<block>& made) {
    const std::lock_guard lock(lock_);
    by_file_.insert_or_assign(made->memory->identity, made);
    if (made->came_from == origin::own)
      by_descriptor_.insert_or_assign(&made->memory->fd, made->memory.get());
  }
  std::shared_ptr<block> find(const file_identity& identity) {
    const std::lock_guard lock(lock_);
    const auto found = by_file_.find(identity);
    return found == by_file_.end() ? nullptr : found->second.lock();
  }

  // Only what nobody but this child has seen.
  std::shared_ptr<mapping> take_spare(std::size_t bytes,
                                      const std::shared_ptr<detail::target>& home) {
    std::vector<std::shared_ptr<mapping>> dropped;
    const std::lock_guard lock(lock_);
    dropped.reserve(spare_.size());
    trim(dropped);
    auto best = spare_.end();
    for (auto at = spare_.begin(); at != spare_.end(); ++at) {
      const std::size_t capacity = (*at)->capacity();
      if (capacity < bytes || capacity / 2 > bytes || !same_owner((*at)->seen_by, home)) continue;
      if (best == spare_.end() || capacity < (*best)->capacity()) best = at;
    }
    if (best == spare_.end()) return nullptr;
    std::shared_ptr<mapping> taken = std::move(*best);
    spare_.erase(best);
    return taken;
  }
  /// \param dropped has room for all
  void trim(std::vector<std::shared_ptr<mapping>>& dropped) noexcept {
    const auto drop = [&](auto at) {
      dropped.push_back(std::move(*at));
      return spare_.erase(at);
    };
    for (auto at = spare_.begin(); at != spare_.end();)
      at = (*at)->seen_by.expired() ? drop(at) : at + 1;
    std::size_t bytes = 0;
    for (const auto& each : spare_) bytes += each->capacity();
    while (spare_.size() > most_spare || (bytes > most_spare_bytes && !spare_.empty())) {
      bytes -= spare_.front()->capacity();
      drop(spare_.begin());
    }
  }

  std::shared_ptr<mapping> cached(const file_identity& identity) {
    const std::lock_guard lock(lock_);
    for (auto at = cache_.begin(); at != cache_.end(); ++at) {
      if ((*at)->identity != identity) continue;
      std::rotate(at, at + 1, cache_.end());
      return cache_.back();
    }
    return nullptr;
  }
  void cache(const std::shared_ptr<mapping>& memory) {
    const std::lock_guard lock(lock_);
    if (cache_.size() == most_cached) cache_.erase(cache_.begin());
    cache_.push_back(memory);
  }

  std::mutex lock_;
  std::map<file_identity, std::weak_ptr<block>> by_file_;
  std::map<const void*, mapping*> by_descriptor_;  // of the parent's own blocks
  std::vector<std::shared_ptr<mapping>> spare_;    // the least recently used first
  std::vector<std::shared_ptr<mapping>> cache_;    // the same
};

// A child tells its parent that it still holds what it was given.
bool block::counted() const noexcept {
  return came_from == origin::received && writable_;
}

block::~block() {
  if (counted()) memory->child_handles().fetch_sub(1);
  registry::get().forget(*this);
}

}  // namespace

void share_memory_as_child() noexcept {
  registry::get().process_is_child = true;
}

void share_memory_as_child_thread() noexcept {
  thread_is_child = true;
}

void memory_was_sent(std::span<const attachment> attachments,
                     const std::shared_ptr<detail::target>& to) {
  for (const attachment& each : attachments)
    if (each.descriptor >= 0) registry::get().was_sent(each.owner.get(), to);
}

void memory_owner_ended(const std::weak_ptr<detail::target>& owner) noexcept {
  registry::get().owner_ended(owner);
}

void memory_was_abandoned(std::span<const attachment> attachments) noexcept {
  for (const attachment& each : attachments)
    if (each.descriptor >= 0) registry::get().was_abandoned(each.owner.get());
}

}  // namespace glovebox::transport

namespace glovebox::detail {

shared_block::~shared_block() = default;

shared_block_pointer make_shared_block(std::size_t bytes, const std::shared_ptr<target>& home) {
  return transport::registry::get().make(bytes, home);
}

std::shared_ptr<const file_descriptor> descriptor_of(const shared_block_pointer& block,
                                                     const codec_path& path) {
  auto& one = static_cast<transport::block&>(*block);
  try {
    one.freeze();
  } catch (const std::system_error& why) {
    path.fail(why.what());
  }
  // The parent's is in use until its call has ended; a child is done with it once it is sent.
  if (one.came_from == transport::origin::own) return {block, &one.memory->fd};
  return {one.memory, &one.memory->fd};
}

shared_block_pointer receive_shared_block(file_descriptor descriptor, std::uint64_t bytes,
                                          const codec_path& path) {
  return transport::registry::get().receive(std::move(descriptor), bytes, path);
}

}  // namespace glovebox::detail
