// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// The mappings of a process, as it says itself.
#include "backtrace/maps.hpp"

#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glovebox::backtrace;
  using namespace glovebox::fuzz;
  const bytes from = exact(std::as_bytes(std::span(data, size)));
  const std::vector<mapping> found = parse_maps(text_of(from));
  require(found.size() <= most_mappings, "too many mappings");
  std::uint64_t reached = 0;
  for (const mapping& each : found) {
    require(each.from < each.to && each.from >= reached, "mappings that overlap");
    reached = each.to;
    require(find_mapping(found, each.from) == &each && find_mapping(found, each.to - 1) == &each,
            "a mapping that is not found");
    const mapping* const behind = find_mapping(found, each.to);
    require(!behind || behind->from == each.to, "a mapping of an address outside it");
  }
  reached = 0;
  for (const loaded_file& each : loaded_files(found)) {
    require(each.first && each.first->from == each.from, "a file that begins elsewhere");
    require(each.from >= reached && each.from < each.to, "files that overlap");
    reached = each.to;
  }
  return 0;
}
