// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "acceptance/module.hpp"

GLOVEBOX_MODULE(acceptance, m) {
  m.doc("What users must be able to do.");
  m.attr("version") = "1.2";
  acceptance::bind_objects(m);
  acceptance::bind_errors(m);
  acceptance::bind_callbacks(m);
  acceptance::bind_crashes(m);
}
