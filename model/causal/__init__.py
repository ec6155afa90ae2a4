"""Causal code models (the class Qwen2) in ONNX Runtime: conversion of a published file, and a network that reads on.

A prompt is read once and its keys are kept; what follows it is a tree that grows row by row. Nothing here knows code,
prompts' layout, or the network that a file is fetched over.
"""
