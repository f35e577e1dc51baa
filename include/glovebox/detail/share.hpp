// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <memory>

namespace glovebox::detail {

/// Shares an object by its base class, which has a virtual destructor. What is made for each
/// function or type of a user's is shared like this: std::make_shared would add a class, some forty
/// functions, to each of them.
template <class Base>
std::shared_ptr<Base> share(Base* made) {
  return std::shared_ptr<Base>(made);
}

}  // namespace glovebox::detail
