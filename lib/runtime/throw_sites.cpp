// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/throw_sites.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>
#include <unwind.h>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace glovebox::runtime {
namespace {

constexpr std::size_t most_frames = 48;
constexpr std::size_t most_sites = 64;

struct site {
  const void* object = nullptr;
  std::array<std::uintptr_t, most_frames> calls{};  // of the calls that had not returned
  std::size_t count = 0;
};

constinit std::atomic<bool> remembering{false};
constinit std::mutex lock;
constinit std::array<site, most_sites> sites;
constinit std::size_t newest = 0;
constinit std::array<char, 4096> program{};  // its path; the loader has no name for it

struct walk {
  site* to;
  std::size_t skipped;
};

_Unwind_Reason_Code take_frame(_Unwind_Context* context, void* argument) {
  auto& at = *static_cast<walk*>(argument);
  if (at.skipped != 0) {
    --at.skipped;
    return _URC_NO_REASON;
  }
  int is_instruction = 0;
  const std::uintptr_t address = _Unwind_GetIPInfo(context, &is_instruction);
  if (address == 0 || at.to->count == most_frames) return _URC_END_OF_STACK;
  at.to->calls[at.to->count++] = is_instruction != 0 ? address : address - 1;
  return _URC_NO_REASON;
}

__attribute__((noinline)) void remember(const void* object) noexcept {
  site made;
  made.object = object;
  walk at{&made, 2};  // this function, and the one that throws
  _Unwind_Backtrace(take_frame, &at);
  const std::lock_guard guard(lock);
  newest = (newest + 1) % most_sites;
  sites[newest] = made;
}

// ---- which module an address belongs to

struct search {
  std::uintptr_t address;
  stack_frame* to;
};

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i != size; ++i) text += {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
  return text;
}

std::string build_id_in(const dl_phdr_info& module) {
  constexpr std::size_t longest = 64;
  for (int i = 0; i != module.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module.dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const std::size_t align = segment.p_align == 8 ? 8 : 4;
    const auto padded = [align](std::size_t size) { return (size + align - 1) / align * align; };
    const auto* at = reinterpret_cast<const unsigned char*>(module.dlpi_addr + segment.p_vaddr);
    const auto* const end = at + segment.p_memsz;
    while (static_cast<std::size_t>(end - at) > sizeof(ElfW(Nhdr))) {
      const auto& note = *reinterpret_cast<const ElfW(Nhdr)*>(at);
      const std::size_t name = sizeof note + padded(note.n_namesz);
      const std::size_t size = name + padded(note.n_descsz);
      if (size > static_cast<std::size_t>(end - at)) break;
      const bool of_gnu = note.n_namesz == 4 && at[sizeof note] == 'G';
      if (of_gnu && note.n_type == NT_GNU_BUILD_ID && note.n_descsz <= longest)
        return hexadecimal(at + name, note.n_descsz);
      at += size;
    }
  }
  return {};
}

int look_into(dl_phdr_info* module, std::size_t, void* argument) {
  const auto& wanted = *static_cast<const search*>(argument);
  for (int i = 0; i != module->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = module->dlpi_phdr[i];
    const std::uintptr_t from = module->dlpi_addr + segment.p_vaddr;
    if (segment.p_type != PT_LOAD || wanted.address < from ||
        wanted.address - from >= segment.p_memsz)
      continue;
    wanted.to->module = *module->dlpi_name ? module->dlpi_name : program.data();
    wanted.to->offset = wanted.address - module->dlpi_addr;
    wanted.to->build_id = build_id_in(*module);
    return 1;
  }
  return 0;
}

}  // namespace

void remember_program() noexcept {
  if (::readlink("/proc/self/exe", program.data(), program.size() - 1) < 0) program[0] = '\0';
}

void remember_throw_sites() noexcept {
  const std::lock_guard guard(lock);
  if (remembering.load(std::memory_order_relaxed)) return;
  // Now: later there may be no /proc.
  if (program[0] == '\0') remember_program();
  remembering.store(true, std::memory_order_relaxed);
}

std::vector<stack_frame> throw_site_of(const std::exception_ptr& exception) {
  static_assert(sizeof exception == sizeof(void*));  // libstdc++'s: it points to the object
  const void* object = nullptr;
  __builtin_memcpy(&object, &exception, sizeof object);
  site found;
  {
    const std::lock_guard guard(lock);
    for (std::size_t back = 0; object && back != most_sites && !found.object; ++back) {
      const site& each = sites[(newest + most_sites - back) % most_sites];
      if (each.object == object) found = each;
    }
  }
  std::vector<stack_frame> frames(found.count);
  for (std::size_t i = 0; i != found.count; ++i) {
    frames[i].address = found.calls[i];
    search wanted{found.calls[i], &frames[i]};
    ::dl_iterate_phdr(look_into, &wanted);
  }
  return frames;
}

}  // namespace glovebox::runtime

// The library stands before the C++ runtime in the order of lookup, so every throw of the process
// comes here, and goes on there. Weak, so that in a program that is linked statically the runtime's
// own wins: there exceptions just have no stacks.
extern "C" __attribute__((weak, visibility("default"))) void __cxa_throw(
    void* object, void* type, void (*destructor)(void*)) {
  using function = void (*)(void*, void*, void (*)(void*));
  static const auto next = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "__cxa_throw"));
  if (glovebox::runtime::remembering.load(std::memory_order_relaxed))
    glovebox::runtime::remember(object);
  next(object, type, destructor);
  __builtin_unreachable();
}
