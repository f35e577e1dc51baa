// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.
#include "runtime/c_signature.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/types.h>
#include <ctime>
#include <random>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(c_signature_test)

using namespace glovebox::runtime;
using kind = c_type::kind;

/// What the declaration becomes when it is written again.
std::string again(std::string_view text) {
  const c_signature parsed = parse_c_signature(text);
  const std::string written = to_string(parsed);
  BOOST_TEST((parse_c_signature(written) == parsed), text << " became " << written);
  BOOST_TEST(to_string(parse_c_signature(written)) == written);
  return written;
}

/// Why it is refused. The message begins with a text that quotes it.
std::string refused(std::string_view text) {
  try {
    const c_signature parsed = parse_c_signature(text);
    BOOST_ERROR("accepted as " << to_string(parsed));
    return {};
  } catch (const bad_signature& why) {
    const std::string message = why.what();
    BOOST_TEST(message.starts_with("not the declaration of a C function: \""), message);
    return message;
  }
}
bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

c_type type_of(const std::string& name) {
  return parse_c_signature("void f(" + name + ")").parameters.at(0).type;
}
template <class T>
void is_number(const std::string& name, kind what) {
  const c_type type = type_of(name);
  BOOST_TEST((type.what == what), name);
  BOOST_TEST(type.size == sizeof(T), name);
  BOOST_TEST(type.is_number());
  BOOST_TEST((parse_c_signature(name + " f()").result == type), name);
  BOOST_TEST((*type_of(name + "*").target == type), name);
}

BOOST_AUTO_TEST_CASE(the_usual_declarations) {
  BOOST_TEST(again("double cos(double)") == "double cos(double)");
  BOOST_TEST(again("int sqlite3_open(const char*, void**)") ==
             "int sqlite3_open(const char*, void**)");
  BOOST_TEST(again("unsigned long crc32(unsigned long, const unsigned char*, unsigned int)") ==
             "unsigned long crc32(unsigned long, const unsigned char*, unsigned int)");
  BOOST_TEST(again("void qsort(void*, size_t, size_t, int (*)(const void*, const void*))") ==
             "void qsort(void*, size_t, size_t, int (*)(const void*, const void*))");
  BOOST_TEST(
      again("int sqlite3_open_v2(const char *filename, sqlite3 **ppDb, int flags, "
            "const char *zVfs);") ==
      "int sqlite3_open_v2(const char* filename, sqlite3** ppDb, int flags, const char* zVfs)");
  BOOST_TEST(again("extern struct tm *gmtime_r(const time_t *restrict timer, struct tm *restrict "
                   "result);") == "tm* gmtime_r(const time_t* timer, tm* result)");
  BOOST_TEST(again("void abort(void)") == "void abort(void)");
  BOOST_TEST(again("int rand()") == "int rand(void)");
}

BOOST_AUTO_TEST_CASE(parts) {
  const c_signature crc32 = parse_c_signature(
      "unsigned long crc32(unsigned long crc, const unsigned char *buf, unsigned)");
  BOOST_TEST(crc32.name == "crc32");
  BOOST_TEST(crc32.result.name == "unsigned long");
  BOOST_REQUIRE(crc32.parameters.size() == 3u);
  BOOST_TEST(crc32.parameters[0].name == "crc");
  const c_type& buffer = crc32.parameters[1].type;
  BOOST_TEST(buffer.is_pointer());
  BOOST_TEST(!buffer.is_text());
  BOOST_TEST(!buffer.is_callback());
  BOOST_TEST(buffer.size == sizeof(void*));
  BOOST_TEST(buffer.target->constant);
  BOOST_TEST(buffer.target->name == "unsigned char");
  BOOST_TEST(crc32.parameters[2].name.empty());
  BOOST_TEST(crc32.parameters[2].type.name == "unsigned int");
}

BOOST_AUTO_TEST_CASE(numbers) {
  constexpr kind of_char = std::is_signed_v<char> ? kind::signed_integer : kind::unsigned_integer;
  is_number<bool>("_Bool", kind::boolean);
  is_number<bool>("bool", kind::boolean);
  is_number<char>("char", of_char);
  is_number<signed char>("signed char", kind::signed_integer);
  is_number<unsigned char>("unsigned char", kind::unsigned_integer);
  is_number<unsigned char>("char unsigned", kind::unsigned_integer);
  is_number<float>("float", kind::floating);
  is_number<double>("double", kind::floating);
  is_number<long double>("long double", kind::floating);
  is_number<long double>("double long", kind::floating);
  for (const char* name : {"short", "short int", "int short", "signed short", "short signed int"})
    is_number<short>(name, kind::signed_integer);
  for (const char* name : {"unsigned short", "short unsigned", "int unsigned short"})
    is_number<unsigned short>(name, kind::unsigned_integer);
  for (const char* name : {"int", "signed", "signed int", "int signed", "__signed__ int"})
    is_number<int>(name, kind::signed_integer);
  for (const char* name : {"unsigned", "unsigned int", "int unsigned"})
    is_number<unsigned>(name, kind::unsigned_integer);
  for (const char* name : {"long", "long int", "int long", "signed long", "long signed int"})
    is_number<long>(name, kind::signed_integer);
  for (const char* name : {"unsigned long", "long unsigned", "long int unsigned"})
    is_number<unsigned long>(name, kind::unsigned_integer);
  for (const char* name : {"long long", "long long int", "long int long", "signed long long"})
    is_number<long long>(name, kind::signed_integer);
  for (const char* name : {"unsigned long long", "long unsigned long int"})
    is_number<unsigned long long>(name, kind::unsigned_integer);
}

BOOST_AUTO_TEST_CASE(defined_numbers) {
  is_number<std::int8_t>("int8_t", kind::signed_integer);
  is_number<std::int16_t>("int16_t", kind::signed_integer);
  is_number<std::int32_t>("int32_t", kind::signed_integer);
  is_number<std::int64_t>("int64_t", kind::signed_integer);
  is_number<std::uint8_t>("uint8_t", kind::unsigned_integer);
  is_number<std::uint16_t>("uint16_t", kind::unsigned_integer);
  is_number<std::uint32_t>("uint32_t", kind::unsigned_integer);
  is_number<std::uint64_t>("uint64_t", kind::unsigned_integer);
  is_number<std::int_least16_t>("int_least16_t", kind::signed_integer);
  is_number<std::uint_fast16_t>("uint_fast16_t", kind::unsigned_integer);
  is_number<std::intmax_t>("intmax_t", kind::signed_integer);
  is_number<std::uintmax_t>("uintmax_t", kind::unsigned_integer);
  is_number<std::intptr_t>("intptr_t", kind::signed_integer);
  is_number<std::uintptr_t>("uintptr_t", kind::unsigned_integer);
  is_number<std::size_t>("size_t", kind::unsigned_integer);
  is_number<ssize_t>("ssize_t", kind::signed_integer);
  is_number<std::ptrdiff_t>("ptrdiff_t", kind::signed_integer);
  is_number<wchar_t>("wchar_t", kind::signed_integer);
  is_number<char16_t>("char16_t", kind::unsigned_integer);
  is_number<char32_t>("char32_t", kind::unsigned_integer);
  is_number<std::time_t>("time_t", kind::signed_integer);
  is_number<off_t>("off_t", kind::signed_integer);
  is_number<pid_t>("pid_t", kind::signed_integer);
  is_number<uid_t>("uid_t", kind::unsigned_integer);
}

BOOST_AUTO_TEST_CASE(pointers) {
  BOOST_TEST(type_of("const char*").is_text());
  BOOST_TEST(type_of("char const *text").is_text());
  BOOST_TEST(type_of("const char* const").is_text());
  BOOST_TEST(type_of("const char text[]").is_text());
  BOOST_TEST(type_of("const char text[16]").is_text());
  BOOST_TEST(type_of("const char text[const static 16]").is_text());
  BOOST_TEST(!type_of("char*").is_text());
  BOOST_TEST(!type_of("const char**").is_text());
  BOOST_TEST(!type_of("const signed char*").is_text());
  BOOST_TEST(!type_of("const void*").is_text());
  BOOST_TEST((type_of("void* const") == type_of("void*")));  // the callee's own copy
  BOOST_TEST((type_of("void const*") == type_of("const void*")));
  BOOST_TEST((type_of("const volatile int* __restrict p") == type_of("const int*")));
  const c_type deep = type_of("char *const *volatile *");
  BOOST_TEST(!deep.target->constant);
  BOOST_TEST(deep.target->target->constant);
  BOOST_TEST(to_string(deep) == "char* const**");
  BOOST_TEST((type_of("struct sqlite3*") == type_of("sqlite3*")));
  BOOST_TEST((type_of("sqlite3*").target->what == kind::opaque));
  BOOST_TEST((type_of("union x*").target->what == kind::opaque));
  BOOST_TEST((type_of("enum y*").target->what == kind::opaque));
  BOOST_TEST(again("char* argv(char *argv[])") == "char* argv(char** argv)");
}

BOOST_AUTO_TEST_CASE(callbacks) {
  const c_type compare = type_of("int (*)(const void*, const void*)");
  BOOST_TEST(compare.is_callback());
  BOOST_TEST(compare.target->function->name.empty());
  BOOST_TEST(compare.target->function->parameters.size() == 2u);
  BOOST_TEST(to_string(compare) == "int (*)(const void*, const void*)");
  BOOST_TEST((type_of("int (*compare)(const void *a, const void *b)").is_callback()));
  // A function as a parameter is a pointer to it.
  BOOST_TEST((type_of("int (const void*, const void*)") == compare));
  BOOST_TEST((type_of("int f(const void*, const void*)") == compare));
  BOOST_TEST((type_of("int (f)(const void*, const void*)") == compare));
  BOOST_TEST((type_of("int (*const f)(const void*, const void*)") == compare));
  BOOST_TEST((type_of("int ()").target->function->parameters.empty()));
  BOOST_TEST((type_of("void (void)").target->function->parameters.empty()));
  BOOST_TEST((type_of("int (size_t)").target->function->parameters.size() == 1u));
  BOOST_TEST(!type_of("int (size)").is_callback());  // a name in brackets
  BOOST_TEST(again("void (*signal(int sig, void (*func)(int)))(int)") ==
             "void (*signal(int sig, void (*func)(int)))(int)");
  BOOST_TEST(parse_c_signature("void (*signal(int, void (*)(int)))(int)").result.is_callback());
  BOOST_TEST(again("double (cos)(double)") == "double cos(double)");
  BOOST_TEST(again("int ((((f))))(void)") == "int f(void)");
  BOOST_TEST(again("void f(int (**)(int))") == "void f(int (**)(int))");
  BOOST_TEST(again("void f(int (*)(int (*)(int), void (*)(void)))") ==
             "void f(int (*)(int (*)(int), void (*)(void)))");
  BOOST_TEST(again("void f(int (*each[])(int))") == "void f(int (**each)(int))");
}

BOOST_AUTO_TEST_CASE(white_space) {
  BOOST_TEST(again(" \t\ndouble\r\ncos\v(\fdouble ) ; ") == "double cos(double)");
  BOOST_TEST(again("int*f(int*,int*)") == "int* f(int*, int*)");
  BOOST_TEST(again("unsigned_t*f(unsigned a1)") == "unsigned_t* f(unsigned int a1)");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_called) {
  BOOST_TEST(contains(refused("int printf(const char*, ...)"), "variadic"));
  BOOST_TEST(contains(refused("int f(...)"), "variadic"));
  BOOST_TEST(contains(refused("void f(int (*)(int, ...))"), "variadic"));
  BOOST_TEST(contains(refused("div_t div(int, int)"), "div_t is not known"));
  BOOST_TEST(contains(refused("struct tm f(void)"), "tm is not known. Structs cannot"));
  BOOST_TEST(contains(refused("void f(struct tm)"), "Structs cannot"));
  BOOST_TEST(contains(refused("void f(enum colour c)"), "enumerations"));
  BOOST_TEST(contains(refused("double cos(dubble)"), "at character 12: the type dubble"));
  BOOST_TEST(contains(refused("void f(void (*)(dubble))"), "dubble is not known"));
  BOOST_TEST(contains(refused("__int128 f(int)"), "__int128 is not understood"));
  BOOST_TEST(contains(refused("double _Complex f(int)"), "not understood"));
  BOOST_TEST(contains(refused("void f(int (*p)[4])"), "pointers to arrays"));
  BOOST_TEST(contains(refused("void f(int p[2][4])"), "one dimension"));
  BOOST_TEST(contains(refused("int f(int)[3]"), "no array"));
  BOOST_TEST(contains(refused("int f(int)(int)"), "no function"));
  BOOST_TEST(contains(refused("void f(void x)"), "cannot be void"));
  BOOST_TEST(contains(refused("void f(void, int)"), "cannot be void"));
  BOOST_TEST(contains(refused("void f(int, void)"), "cannot be void"));
  BOOST_TEST(contains(refused("void f(void v[])"), "arrays of void"));
}

BOOST_AUTO_TEST_CASE(what_is_no_declaration) {
  for (const char* text : {"",
                           " ",
                           "cos",
                           "double",
                           "double cos",
                           "double cos(",
                           "double cos(double",
                           "double cos(double))",
                           "double cos(double);;",
                           "double cos(double,)",
                           "double cos(,double)",
                           "double cos(double double)",
                           "int (int)",
                           "foo(int)",
                           "cos(double)",
                           "double(double)",
                           "double cos(double) const",
                           "double cos(double) {}",
                           "double cos(double); int f()",
                           "int x",
                           "int x[3]",
                           "int *",
                           "int (*)(int)",
                           "int (*f)(int)",
                           "int f(int",
                           "int f(int a b)",
                           "int f int",
                           "int f[](int)",
                           "* f(int)",
                           "int f(*)",
                           "int f(int a[)",
                           "int f(int a[-1])",
                           "int f(int a[1+1])",
                           "int & f(int)",
                           "int f(int&)",
                           "std::string f()",
                           "int f<int>(int)",
                           "int f(int a = 3)",
                           "int f(\"x\")",
                           "typedef int f(int)",
                           "static int f(int)",
                           "inline int f(int)",
                           "int f(register int)",
                           "int const(int)",
                           "int int(int)",
                           "int f(struct)",
                           "int f(struct*)",
                           "int f(struct int*)",
                           "const f(int)",
                           "int f(const)",
                           "/* no */ int f(int)",
                           "int f(int) // no",
                           "int f(int # )",
                           "()",
                           "((((",
                           "))))",
                           "int ((((f)(int)",
                           "..",
                           "...",
                           "int ....(int)",
                           "int 3f(int)",
                           "int f(3)",
                           "extern",
                           "extern extern int f()",
                           "int f(volatile)"})
    BOOST_TEST(!refused(text).empty(), text);
  for (const char* words :
       {"long long long",   "short long",     "unsigned signed", "unsigned unsigned",
        "int int",          "unsigned float", "short double",    "long float",
        "long long double", "unsigned void",  "long char",       "short char",
        "void int",         "char int",       "float double",    "unsigned bool",
        "long size_t",      "signed _Bool",   "int char",        "unsigned signed char",
        "signed signed"})
    refused(std::string(words) + " f(int)");
}

BOOST_AUTO_TEST_CASE(messages_say_where) {
  BOOST_TEST(contains(refused("double cos(double"), "at character 18: ) is missing at the end"));
  BOOST_TEST(contains(refused("int f(int; int)"), "at character 10: ) is missing before ;"));
  BOOST_TEST(contains(refused("int f(int$)"), "at character 10: a character that"));
  // What cannot be printed is not.
  const std::string message = refused(std::string("int f(\x01\xff\0\x1b[31m)", 15));
  BOOST_TEST(message.find_first_of(std::string("\x01\xff\0\x1b", 4)) == message.npos);
  BOOST_TEST(contains(message, "\"int f(????[31m)\""), message);
  BOOST_TEST(refused(std::string(5000, 'x')).size() < 500u);
}

// ---- hostile texts

BOOST_AUTO_TEST_CASE(long_and_deep) {
  const auto repeated = [](std::string_view part, int times) {
    std::string text;
    for (int i = 0; i != times; ++i) text += part;
    return text;
  };
  refused(std::string(100'000, ' ') + "int f(int)");
  refused(repeated("(", 16'000));
  refused("int " + repeated("(", 8'000) + "f" + repeated(")", 8'000) + "(int)");
  refused("int " + repeated("*", 16'000) + "f(int)");
  refused("int f(" + repeated("int (*)(", 1'500) + repeated(")", 1'500));
  refused("int f(" + repeated("int, ", 3'000) + "int)");
  refused("int f(" + repeated("(", 5'000));
  refused(repeated("const ", 2'500));
  refused(repeated("unsigned ", 1'500) + "f(int)");
  // As far as it goes.
  BOOST_TEST(parse_c_signature("int f(" + repeated("int, ", 126) + "int)").parameters.size() ==
             127u);
  const std::string nested = "int f(" + repeated("int (*)(", 7) + "int" + repeated(")", 7) + ")";
  BOOST_TEST(again(nested) == nested);
  BOOST_TEST(again("int*** f(char****)") == "int*** f(char****)");
}

const std::vector<std::string> samples{
    "double cos(double)",
    "void (*signal(int sig, void (*func)(int)))(int)",
    "extern unsigned long long int f(const struct tm *const restrict t[], size_t n[static 3], ...)",
    "void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));",
    "long double f(char16_t (*(*x)(void))(int), unsigned char[], bool);",
};

/// Accepted or refused, but nothing else; what is accepted is the same when it is written again.
bool accepted(const std::string& text) {
  try {
    const c_signature parsed = parse_c_signature(text);
    BOOST_REQUIRE_MESSAGE((parse_c_signature(to_string(parsed)) == parsed), text);
    return true;
  } catch (const bad_signature&) {
    return false;
  }
}

BOOST_AUTO_TEST_CASE(every_truncation) {
  for (const std::string& whole : samples)
    for (std::size_t size = 0; size != whole.size(); ++size) accepted(whole.substr(0, size));
}

BOOST_AUTO_TEST_CASE(every_byte_replaced) {
  int kept = 0;
  for (const std::string& whole : samples)
    for (std::size_t at = 0; at != whole.size(); ++at)
      for (int byte = 0; byte != 256; ++byte) {
        std::string changed = whole;
        changed[at] = static_cast<char>(byte);
        kept += accepted(changed) ? 1 : 0;
      }
  BOOST_TEST(kept != 0);
}

BOOST_AUTO_TEST_CASE(random_words) {
  const std::vector<std::string> words{
      "(",      ")",       "*",         ",",     ";",         "[",      "]",       "...",
      "const ", "int ",    "unsigned ", "long ", "void ",     "char ",  "double ", "struct ",
      "x ",     "size_t ", "f",         "3",     "restrict ", "static "};
  std::mt19937 random(3);
  int kept = 0;
  for (int i = 0; i != 100'000; ++i) {
    std::string text = i % 2 == 0 ? "int f(" : "";
    for (std::size_t count = random() % 12; count != 0; --count)
      text += words[random() % words.size()];
    if (i % 4 == 0) text += ")";
    kept += accepted(text) ? 1 : 0;
  }
  BOOST_TEST(kept > 100);
  BOOST_TEST(kept < 50'000);
}

BOOST_AUTO_TEST_SUITE_END()
