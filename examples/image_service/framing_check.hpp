// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace image_service {

/// Whether lines and chunks of a request are framed exactly as RFC 9112 has it, and free of control
/// characters. http-parser, as distributions build it (HTTP_PARSER_STRICT=0), takes any byte for
/// some of the CRs and LFs, folded lines for their contents, and control characters or not
/// depending on the pieces in which they arrive. Where a proxy before us reads the same bytes
/// otherwise, such leniency lets a client smuggle a second request past it.
class framing_check {
 public:
  void start_header();
  void start_chunks();

  /// How many of the bytes are as they must be, at most up to the end of the header, respectively
  /// of the chunked body: `at_end()` then. If it is less than all without being the end, the next
  /// byte is wrong.
  std::size_t header(std::string_view bytes);
  std::size_t chunks(std::string_view bytes);
  bool at_end() const { return at_ == place::end; }
  bool in_first_line() const { return is_first_line_; }

 private:
  enum class place : std::uint8_t {
    before_request,  ///< empty lines may stand there
    line,            ///< of the header, or of the trailer
    line_feed,       ///< behind the carriage return of a line
    line_start,      ///< the next line, or the empty one that ends all
    last_line_feed,  ///< behind the carriage return of the empty line
    size,            ///< digits of a chunk's size
    extension,       ///< of that line, up to its end
    size_line_feed,  ///< the end of that line
    data,            ///< of a chunk
    data_return,     ///< the end of the chunk's data
    data_line_feed,
    end,
  };
  bool take_line(char next);
  bool take_chunk_line(char next);

  place at_ = place::before_request;
  bool is_first_line_ = false;
  int digits_ = 0;              // of the chunk's size so far
  std::uint64_t left_ = 0;      // of the chunk
  std::uint64_t overhead_ = 0;  // bytes of chunk lines and trailers that no data justify
};

}  // namespace image_service
