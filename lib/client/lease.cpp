// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include <glovebox/lease.hpp>

#include <utility>

namespace glovebox {

lease::lease(std::shared_ptr<detail::pool_target> of, std::uint64_t ticket)
    : pool_(std::move(of)), ticket_(ticket), child_(pool_->leased(ticket)) {}

lease& lease::operator=(lease&& other) noexcept {
  if (this != &other) {
    end(false);
    pool_ = std::move(other.pool_);
    ticket_ = other.ticket_;
    child_ = std::move(other.child_);
  }
  return *this;
}

lease::~lease() {
  end(false);
}

void lease::give_back() noexcept {
  end(true);
}

void lease::end(bool clean) noexcept {
  if (const auto pool = std::exchange(pool_, nullptr)) pool->end_lease(ticket_, clean);
  child_ = context();
}

namespace detail {

lease lease_reader::read(const answer& from) {
  return lease(std::static_pointer_cast<pool_target>(from.from), from.object);
}

}  // namespace detail

}  // namespace glovebox
