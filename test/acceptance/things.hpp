// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// The classes of the module `acceptance`. Tests include it for what they compare with, never to
/// call anything of it in a child.

#include <glovebox/value.hpp>

#include <boost/describe/class.hpp>

#include <compare>
#include <cstddef>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace acceptance {

/// How many objects of a class are there now, and were ever made; the module's functions `living`
/// and `made` tell.
template <class T>
struct counted {
  counted() { ++living, ++made; }
  counted(const counted&) : counted() {}
  counted& operator=(const counted&) = default;
  ~counted() { --living; }
  static inline long living = 0;
  static inline long made = 0;
};

class counter : counted<counter> {
 public:
  counter() = default;
  explicit counter(int start) : value_(start) {}

  counter& add(int by) {
    value_ += by;
    return *this;
  }
  counter& me() noexcept { return *this; }
  int value() const noexcept { return value_; }
  void set_value(int to) {
    if (to < 0) throw std::out_of_range("counters are not negative");
    value_ = to;
  }
  void take(const counter& other) { value_ += other.value_; }

 private:
  friend struct counted<counter>;
  int value_ = 0;
};

class shape {
 public:
  virtual ~shape() = default;
  virtual double area() const = 0;
};
class circle : public shape {
 public:
  explicit circle(double radius) : radius_(radius) {}
  double area() const override { return 3 * radius_ * radius_; }
  double radius() const { return radius_; }

 private:
  double radius_;
};

/// Takes attributes of the user's own.
class bag {
 public:
  std::map<std::string, glovebox::value> own;
};

/// Can do whatever operators say.
class version {
 public:
  version(int major, int minor) : major_(major), minor_(minor) {}
  auto operator<=>(const version&) const = default;
  explicit operator bool() const { return major_ != 0 || minor_ != 0; }
  std::size_t hash() const { return static_cast<std::size_t>(major_ * 1000 + minor_); }
  friend std::ostream& operator<<(std::ostream& to, const version& of) {
    return to << of.major_ << '.' << of.minor_;
  }

 private:
  int major_;
  int minor_;
};

struct adder {
  int by;
  int operator()(int to) const { return to + by; }
};

/// Endless; counts so that nobody can forget it.
class endless : counted<endless> {
 public:
  struct iterator {
    using difference_type = std::ptrdiff_t;
    using value_type = long;
    long at = 0;
    long operator*() const { return at; }
    iterator& operator++() {
      ++at;
      return *this;
    }
    void operator++(int) { ++at; }
    bool operator==(std::default_sentinel_t) const { return false; }
  };
  iterator begin() const { return {}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  friend struct counted<endless>;
};

/// A text file that is open for reading.
class text_file {
 public:
  explicit text_file(const std::string& path) : in_(path) {
    if (!in_) throw std::runtime_error("cannot open " + path);
  }
  std::optional<std::string> next() {
    std::string line;
    if (!std::getline(in_, line)) return std::nullopt;
    return line;
  }
  std::string read() { return {std::istreambuf_iterator<char>(in_), {}}; }

 private:
  std::ifstream in_;
};

struct point {
  double x = 0;
  double y = 0;
  bool operator==(const point&) const = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

/// May contain itself.
struct node {
  int number = 0;
  std::vector<std::shared_ptr<node>> others;
};
BOOST_DESCRIBE_STRUCT(node, (), (number, others))

/// Can be neither copied nor described.
class sealed {
 public:
  sealed() = default;
  sealed(const sealed&) = delete;
  sealed& operator=(const sealed&) = delete;
};

/// Throws when it is copied.
struct copy_shy {
  copy_shy() = default;
  copy_shy(const copy_shy&) { throw std::domain_error("copies are not made"); }
  copy_shy& operator=(const copy_shy&) = delete;
};

/// Its destructor throws.
struct bad_end {
  ~bad_end() noexcept(false) { throw std::runtime_error("it does not want to go"); }
};

class bad_model : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// Derives from a named one.
class worse_model : public bad_model {
 public:
  using bad_model::bad_model;
};
/// Nobody named it.
class unnamed_error : public std::domain_error {
 public:
  using std::domain_error::domain_error;
};
/// No standard exception at all.
struct not_standard {
  int code;
};

/// Keeps functions of the parent's.
struct subscriber {
  std::function<int(int)> function;
};

}  // namespace acceptance

template <>
struct std::hash<acceptance::version> {
  std::size_t operator()(const acceptance::version& of) const noexcept { return of.hash(); }
};
