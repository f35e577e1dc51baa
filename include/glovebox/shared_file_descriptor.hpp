// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <glovebox/file_descriptor.hpp>

#include <memory>
#include <utility>

namespace glovebox {

/// A file descriptor with several owners: copies share it, and the last one closes it. What
/// `context_options` holds, since options are copied. Made of a `file_descriptor`, also implicitly.
/// Copies may be used in several threads at once; one object not.
class shared_file_descriptor {
 public:
  shared_file_descriptor() noexcept = default;
  /// Takes it over. \throws std::bad_alloc
  shared_file_descriptor(file_descriptor from)
      : shared_(std::make_shared<const file_descriptor>(std::move(from))) {}

  /// -1 when it is empty.
  int get() const noexcept { return shared_ ? shared_->get() : -1; }
  explicit operator bool() const noexcept { return get() >= 0; }

  /// Another descriptor for the same open file, close-on-exec; of an empty one an empty one.
  /// \throws std::system_error, for example when this process has no more descriptors left
  file_descriptor duplicate() const { return shared_ ? shared_->duplicate() : file_descriptor(); }

 private:
  std::shared_ptr<const file_descriptor> shared_;
};

}  // namespace glovebox
