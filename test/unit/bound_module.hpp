// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#pragma once

/// \file
/// The classes that bound_module.cpp binds as the module `bound`.

#include <glovebox/value.hpp>

#include <boost/describe/class.hpp>

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bound {

inline int living_counters = 0;

/// Stays in the child; can do what operators say.
class counter {
 public:
  counter() { ++living_counters; }
  explicit counter(int start) : value_(start) { ++living_counters; }
  counter(const counter& other) : value_(other.value_) { ++living_counters; }
  counter& operator=(const counter&) = default;
  ~counter() { --living_counters; }

  counter& add(int by) {
    value_ += by;
    return *this;
  }
  counter& me() noexcept { return *this; }
  const counter& constant_me() const noexcept { return *this; }
  int value() const noexcept { return value_; }
  void take(const counter& other) { value_ += other.value_; }
  void move_into(counter& other) {
    other.value_ += value_;
    value_ = 0;
  }
  void set_value(int to) {
    if (to < 0) throw std::out_of_range("counters are not negative");
    value_ = to;
  }
  bool operator==(const counter& other) const { return value_ == other.value_; }
  auto operator<=>(const counter& other) const { return value_ <=> other.value_; }
  friend std::ostream& operator<<(std::ostream& to, const counter& what) {
    return to << "counter at " << what.value_;
  }
  int limit = 10;
  const int least = -5;

 private:
  int value_ = 0;
};

struct point {
  double x = 0;
  double y = 0;
  bool operator==(const point&) const = default;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

// ---- a hierarchy

class shape {
 public:
  virtual ~shape() = default;
  virtual double area() const = 0;
  std::string name() const { return name_; }
  void rename(std::string to) { name_ = std::move(to); }

 private:
  std::string name_ = "shape";
};
class named {
 public:
  std::string title = "untitled";
};
/// Its second base does not begin where it begins.
class circle : public shape, public named {
 public:
  explicit circle(double radius) : radius_(radius) {}
  double area() const override { return 3 * radius_ * radius_; }
  double radius() const { return radius_; }

 private:
  double radius_;
};
/// Bound nowhere.
class hidden_square : public shape {
 public:
  double area() const override { return 4; }
};

// ---- owners and parts

class engine {
 public:
  explicit engine(int power) : power_(power) {}
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  int power() const { return power_; }
  void tune() { ++power_; }

 private:
  int power_;
};

class garage {
 public:
  garage() { engines_.push_back(std::make_unique<engine>(100)); }
  ~garage() { *alive = false; }
  engine& first() { return *engines_.front(); }
  const engine& look() const { return *engines_.front(); }
  engine* find(int power) {
    for (auto& each : engines_)
      if (each->power() == power) return each.get();
    return nullptr;
  }
  std::unique_ptr<engine> sell() {
    auto sold = std::move(engines_.back());
    engines_.pop_back();
    return sold;
  }
  std::size_t size() const { return engines_.size(); }
  auto begin() { return engines_.begin(); }
  auto end() { return engines_.end(); }
  engine spare{5};
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);

 private:
  std::vector<std::unique_ptr<engine>> engines_;
};

/// Can contain itself.
struct node {
  int number = 0;
  std::shared_ptr<node> next;
  std::vector<std::shared_ptr<node>> others;
};
BOOST_DESCRIBE_STRUCT(node, (), (number, next, others))

// ---- generators

/// Counts down to zero, or fails on the way; can be gone through once.
class countdown {
 public:
  explicit countdown(int from, int fails_at = -1) : left_(from), fails_at_(fails_at) {}
  std::optional<int> next() {
    if (left_ == 0) return std::nullopt;
    if (left_ == fails_at_) throw std::runtime_error("the countdown was stopped");
    return left_--;
  }

 private:
  int left_;
  int fails_at_;
};

inline int living_endless = 0;
class endless {
 public:
  endless() { ++living_endless; }
  endless(const endless&) { ++living_endless; }
  ~endless() { --living_endless; }
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
};

// ---- what operators do not say

class bag {
 public:
  std::map<std::string, glovebox::value> extra;
  int fixed = 1;
};

/// Has nothing that concepts would find right.
class odd {
 public:
  bool operator==(const odd&) const { return false; }
  std::size_t size() const { return 1; }
  std::size_t real_size() const { return 42; }
  std::vector<int> items() const { return {7, 8}; }
};

struct adder {
  int by;
  int operator()(int to) const { return to + by; }
};

class bad_model : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class worse_model : public bad_model {
 public:
  using bad_model::bad_model;
};
class unnamed_error : public std::domain_error {
 public:
  using std::domain_error::domain_error;
};

}  // namespace bound

template <>
struct std::hash<bound::counter> {
  std::size_t operator()(const bound::counter& of) const noexcept {
    return static_cast<std::size_t>(of.value() * 7);
  }
};
