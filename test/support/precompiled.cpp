// Copyright the glovebox authors. Distributed under the Boost Software License, Version 1.0.

// Has a precompiled header.
int main() {}
